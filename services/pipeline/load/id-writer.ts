/** Ids that count up by one, kept as their digits: the next one costs a step of an odometer, not eleven divisions. */
import type { CopyBuffer } from './copy-buffer.ts'

const zero = 0x30
const nine = 0x39

export class IdWriter {
  private readonly text: Buffer
  private readonly length: number

  /** The first id written is `base + 1`. `base` is that of a file, so the ids of one file all have as many digits, or one more. */
  constructor(base: number) {
    // A leading zero is a digit to count into; COPY reads 030064771073 as the number it is.
    this.text = Buffer.from(`0${base}\t`)
    this.length = this.text.length
  }

  next(out: CopyBuffer): void {
    const { text } = this
    let at = this.length - 2
    while (text[at] === nine) text[at--] = zero
    text[at] = (text[at] ?? zero) + 1
    out.written(text, text[0] === zero ? 1 : 0, this.length)
  }
}
