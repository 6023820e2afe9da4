import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { pass } from './gates.ts';

@Controller()
export class MessagesController {
  @MessagePattern('sum')
  sum({ numbers }: { numbers: number[] }): number {
    return numbers.reduce((sum, each) => sum + each, 0);
  }

  @EventPattern('noted')
  noted(): void {
    pass('noted');
  }
}
