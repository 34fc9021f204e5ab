// Uploads a file with tus-js-client: node upload.mjs MODULES ENDPOINT FILE SHA256 TICKET CHUNK (0: the whole in one piece).
import { createReadStream, statSync } from 'node:fs'
import { createRequire } from 'node:module'

const [modules, endpoint, file, sha256, ticket, chunk] = process.argv.slice(2)
const tus = createRequire(modules + '/')('tus-js-client')
const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  uploadSize: statSync(file).size,
  chunkSize: Number(chunk) || Infinity,
  metadata: { sha256 },
  headers: { 'Cuadrilla-Blob-Ticket': ticket },
  retryDelays: Array(20).fill(100),
  onError: (error) => { console.error(String(error)); process.exit(1) },
  onSuccess: () => process.exit(0),
})
upload.start()
