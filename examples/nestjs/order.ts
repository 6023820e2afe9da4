import { IsInt, IsString, Max, Min, MinLength } from 'class-validator';

/** What a client sends to place an order. */
export class NewOrder {
  @IsString()
  @MinLength(1)
  item!: string;

  @IsInt()
  @Min(1)
  @Max(100)
  quantity!: number;
}

export interface Order extends NewOrder {
  readonly id: string;
  step: 'placed' | 'brewing' | 'pouring' | 'served' | 'cancelled';
}
