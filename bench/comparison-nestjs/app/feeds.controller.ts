import { Controller, Get, type MessageEvent, Sse, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { from, map, type Observable } from 'rxjs';
import { passed } from './gates.ts';

@Controller('feeds')
export class FeedsController {
  @Sse('events')
  events(): Observable<MessageEvent> {
    return from(parts('first', 'last')).pipe(map((data) => ({ data })));
  }

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(Readable.from(parts(Buffer.from('first'), Buffer.from('last'))));
  }
}

/** The second waits until the client has looked. */
async function* parts<Part>(first: Part, last: Part): AsyncGenerator<Part> {
  yield first;
  await passed('go on');
  yield last;
}
