// Sends files with tus-js-client, as its documentation says, and tells how each ended: one line of JSON per file.
// Takes the path of a JSON file: {endpoint, token, files: [{path, photo, sha256, chunk, along}]}.
import { readFile } from 'node:fs/promises'
import * as tus from 'tus-js-client'

/** So many files are on their way at the same time. */
const AT_ONCE = 4
/** A client that got no further in so many tries has failed. */
const TRIES = 400

const { endpoint, token, files } = JSON.parse(await readFile(process.argv[2], 'utf8'))

async function send(file) {
  const bytes = await readFile(file.path)
  let retries = 0
  return new Promise((done) => {
    const upload = new tus.Upload(bytes, {
      endpoint,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { photo: file.photo, sha256: file.sha256, filename: '门牌照.jpg' },
      chunkSize: file.chunk ?? Infinity,
      uploadDataDuringCreation: file.along,
      retryDelays: Array(TRIES).fill(10),
      onShouldRetry: () => {
        retries += 1
        return true
      },
      onError: (error) => done({ photo: file.photo, retries, error: String(error) }),
      onSuccess: () => done({ photo: file.photo, retries, error: null }),
    })
    upload.start()
  })
}

const waiting = files.values()
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (const file of waiting) console.log(JSON.stringify(await send(file)))
  }),
)
