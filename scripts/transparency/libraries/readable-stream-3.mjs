import { readableStreams } from '../shared/readable-streams.mjs';

export const suite = (kit) => readableStreams(kit, 'readable-stream-3');
