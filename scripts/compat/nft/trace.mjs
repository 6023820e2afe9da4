// node nft/trace.mjs <entry> <folder>: copies what a deployment takes, and nothing else, to where nothing else is found.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFileTrace } from '@vercel/nft';

const [entry, folder] = process.argv.slice(2);
const { fileList, warnings } = await nodeFileTrace([entry]);
for (const file of fileList) cpSync(file, join(folder, file), { dereference: true });
for (const warning of warnings) console.log(warning.message);
process.exitCode = warnings.size;
