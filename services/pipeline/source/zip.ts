/** The one CSV or JSON of a ZIP, read by ranges from where it is stored: no copy on disk. */
import { pipeline, type Readable, Transform } from 'node:stream'
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { Refusal } from './refusal.ts'
import { createCounter, type Source } from './source.ts'

/** A price file's archive has one member; this many would be something else. */
const mostEntries = 1000

/** Where the compressed bytes of the one file stand in the archive: whoever wants a part of it again need not look. */
export type ZipMember = { name: string; start: number; bytes: number; method: 'store' | 'deflate' }

export type OpenZip = { stream: Readable; member: ZipMember }

export async function openZip(
  source: Source,
  signal: AbortSignal,
  onRead: (bytes: number) => void,
): Promise<OpenZip> {
  const zip = await opened(source, signal, onRead)
  try {
    const entry = choose(await entriesOf(zip))
    const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true })
    const member: ZipMember = {
      name: entry.fileName,
      start: fileDataStart,
      bytes: entry.compressedSize,
      method: entry.compressionMethod === 0 ? 'store' : 'deflate',
    }
    return { stream: await streamOf(zip, entry), member }
  } catch (error) {
    zip.close()
    throw error instanceof Refusal ? error : damaged(error)
  }
}

function damaged(error: unknown): unknown {
  // What comes from the store may pass by itself; what comes from yauzl is about the bytes.
  const known =
    error instanceof Error &&
    !('$metadata' in error) &&
    !(error as NodeJS.ErrnoException).code &&
    error.name === 'Error'
  return known
    ? new Refusal(
        'damaged',
        `The .zip cannot be read (${error.message}): it is cut off or damaged. Upload it again.`,
        [],
      )
    : error
}

class SourceReader extends yauzl.RandomAccessReader {
  private readonly source: Source
  private readonly signal: AbortSignal
  private readonly onRead: (bytes: number) => void

  constructor(source: Source, signal: AbortSignal, onRead: (bytes: number) => void) {
    super()
    this.source = source
    this.signal = signal
    this.onRead = onRead
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const through = createCounter(this.onRead)
    this.source.read({ start, end }, this.signal).then(
      stream => pipeline(stream, through, () => {}),
      error => through.destroy(error),
    )
    return through
  }
}

function opened(
  source: Source,
  signal: AbortSignal,
  onRead: (bytes: number) => void,
): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    const reader = new SourceReader(source, signal, onRead)
    const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true }
    yauzl.fromRandomAccessReader(reader, source.sizeBytes, options, (error, zip) =>
      error ? reject(damaged(error)) : resolve(zip),
    )
  })
}

function entriesOf(zip: yauzl.ZipFile): Promise<yauzl.Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: yauzl.Entry[] = []
    zip.on('error', reject)
    zip.on('end', () => resolve(entries))
    zip.on('entry', (entry: yauzl.Entry) => {
      entries.push(entry)
      if (entries.length > mostEntries)
        reject(
          new Refusal(
            'zip-members',
            `The .zip holds more than ${mostEntries} files. Put the one CSV or JSON into it.`,
          ),
        )
      else zip.readEntry()
    })
    zip.readEntry()
  })
}

function choose(entries: yauzl.Entry[]): yauzl.Entry {
  const files = entries.filter(
    ({ fileName }) =>
      !fileName.endsWith('/') && !/(^|\/)(__MACOSX\/|\._|\.DS_Store$|Thumbs\.db$)/i.test(fileName),
  )
  const names = files.map(entry => entry.fileName)
  if (names.includes('[Content_Types].xml'))
    throw new Refusal(
      'kind',
      'This is an Excel workbook (XLSX) or another Office document, not a price file. Save the sheet as CSV in the CMS template, UTF-8, and upload that.',
    )
  const office = names.find(name => /\.(xlsx|xlsm|xls|docx|pdf)$/i.test(name))
  const candidates = files.filter(({ fileName }) => /\.(csv|json|txt)$/i.test(fileName))
  const [only, second] = candidates.length > 0 ? candidates : files
  if (!only) throw new Refusal('zip-empty', 'The .zip holds no file. Put the CSV or JSON into it.')
  if (second)
    throw new Refusal(
      'zip-members',
      `The .zip holds ${candidates.length || files.length} files that could be the price file (${only.fileName}, ${second.fileName}${files.length > 2 ? ', …' : ''}). Upload each by itself.`,
    )
  if (candidates.length === 0 && office)
    throw new Refusal(
      'kind',
      `The .zip holds ${office}, an Office document or PDF, not a price file. Save it as CSV in the CMS template and upload that.`,
    )
  if (only.isEncrypted())
    throw new Refusal(
      'zip-encrypted',
      'The .zip is encrypted. Price files are public: upload it without a password.',
    )
  return only
}

function streamOf(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) return reject(error)
      stream.on('close', () => zip.close())
      resolve(pipeline(stream, createChecksum(entry.crc32), () => {}))
    })
  })
}

/** yauzl checks the size of a member but not its bytes. */
function createChecksum(expected: number): Transform {
  let sum = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum)
      done(null, chunk)
    },
    flush: done => done(sum === expected ? null : new Error('its checksum does not match')),
  })
}
