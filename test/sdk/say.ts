import { writeSync } from 'node:fs';

/**
 * What a child says its lines on. Not its standard output: Node makes that one non-blocking as soon as anything reads
 * `process.stdout`, and a line that the other end has no room for is lost then.
 */
export const SPEECH = 4;

/** Says a line to the test that has started this process. */
export const say = (line: string): void => void writeSync(SPEECH, `${line}\n`);
