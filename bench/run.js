#!/usr/bin/env node
// How fast streams pass, beside what else this machine has for it: npm run bench [-- ROUNDS [GIB]]. Needs a C compiler, and
// libssl for https. Contenders take turns, since a machine is never as fast as a minute ago; what counts are the ratios.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'

const root = fileURLToPath(new URL('..', import.meta.url))
const rounds = Number(process.argv[2] ?? 5)
const gib = Number(process.argv[3] ?? 2)
const place = mkdtempSync(join(tmpdir(), 'zfs2s3-bench-'))
const at = name => join(place, name)
const stream = at('stream')
const servers = []
process.on('exit', () => {
  for (const server of servers) server.kill()
  rmSync(place, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const has = program => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

for (const name of ['measure', 'copier']) execFileSync('cc', ['-O2', '-o', at(name), join(root, 'bench', `${name}.c`)])
const server = ['-O2', '-pthread', '-o', at('s3'), join(root, 'bench/s3.c')]
const hasTls = spawnSync('cc', [...server, '-DTLS', '-lssl', '-lcrypto'], { stdio: 'ignore' }).status === 0
if (!hasTls) {
  console.log('without https: s3.c does not compile with -DTLS (is libssl-dev installed?)')
  execFileSync('cc', server)
}

const { simpleStream } = await import('../dist-test/stream/writer.js')
const writes = (gib * 2 ** 30) / 2 ** 17
const spec = { toname: 'tank/bench@one', toguid: 1n, writes, block: randomBytes(2 ** 17) }
await pipeline(simpleStream(spec), createWriteStream(stream))
const bytes = statSync(stream).size

async function serve(...certificate) {
  const port = await new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
  servers.push(spawn(at('s3'), [port, stream, ...certificate], { stdio: ['ignore', 'inherit', 'inherit'] }))
  await sleep(200)
  return port
}

const http = await serve()
const endpoints = { http: `http://127.0.0.1:${http}` }
if (hasTls) {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const files = ['-keyout', at('key'), '-out', at('certificate')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject], {
    stdio: 'ignore',
  })
  endpoints.https = `https://127.0.0.1:${await serve(at('certificate'), at('key'))}`
}

const environment = endpoint => ({
  ...process.env,
  PATH: `${join(root, 'bin')}:${process.env.PATH}`,
  ...{ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1' },
  ...{ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true' },
  // rclone has a flag of its own, and takes offence at this variable.
  AWS_CA_BUNDLE: undefined,
  ...{
    REQUESTS_CA_BUNDLE: at('certificate'),
    RCLONE_CA_CERT: at('certificate'),
    NODE_EXTRA_CA_CERTS: at('certificate'),
    SSL_CERT_FILE: at('certificate'),
  },
  ...{ AWS_ENDPOINT_URL_S3: endpoint, S3_ENDPOINT_URL: endpoint },
  ...{ ZFS2S3_BUCKET: 'bench', ZFS2S3_DATA_DIR: at('data'), ZFS2S3_PREFIX: `${Math.random()}/` },
  ...{ RCLONE_CONFIG: '/dev/null', RCLONE_CONFIG_B_TYPE: 's3', RCLONE_CONFIG_B_PROVIDER: 'Other' },
  ...{ RCLONE_CONFIG_B_ENV_AUTH: 'true', RCLONE_CONFIG_B_ENDPOINT: endpoint },
})

// What each is called, in which group its ratio is formed, and its shell command: {m} measures, {s} is the stream.
const contenders = []
const add = (group, name, program, line, endpoint) => {
  if (has(program)) contenders.push({ group, name, line, endpoint, seen: [] })
}
for (const [scheme, endpoint] of Object.entries(endpoints)) {
  const put = `put over ${scheme}`
  const get = `get over ${scheme}`
  const aws = `aws --endpoint-url ${endpoint}`
  if (scheme === 'http')
    add(put, 'copier (the limit)', 'cc', `cat {s} | {m} ${at('copier')} ${http} ${bytes}`, endpoint)
  add(put, 'zfs2s3-put', 'node', `rm -rf ${at('data')}; cat {s} | {m} zfs2s3-put >/dev/null`, endpoint)
  add(
    put,
    'aws s3 cp -',
    'aws',
    `cat {s} | {m} aws --endpoint-url ${endpoint} s3 cp - s3://bench/aws --no-progress`,
    endpoint,
  )
  add(put, 's5cmd pipe', 's5cmd', 'cat {s} | {m} s5cmd pipe s3://bench/s5cmd', endpoint)
  add(put, 'rclone rcat', 'rclone', 'cat {s} | {m} rclone rcat b:bench/rclone', endpoint)
  add(get, 'zfs2s3-get', 'node', '{m} zfs2s3-get tank/bench@one | cat >/dev/null', endpoint)
  add(get, 'aws s3 cp', 'aws', `{m} ${aws} s3 cp s3://bench/aws - | cat >/dev/null`, endpoint)
  add(get, 's5cmd cat', 's5cmd', '{m} s5cmd cat s3://bench/s5cmd | cat >/dev/null', endpoint)
}

let env = {}
for (let round = 1; round <= rounds; round++) {
  for (const { group, name, line, endpoint, seen } of contenders) {
    // A get reads what the put before it has stored.
    if (name === 'zfs2s3-put') env = { ...environment(endpoint) }
    const { ZFS2S3_PREFIX } = env
    const result = at('result')
    rmSync(result, { force: true })
    const command = line.replace('{s}', stream).replace('{m}', `${at('measure')} ${result}`)
    const prefix = ZFS2S3_PREFIX === undefined ? {} : { ZFS2S3_PREFIX }
    spawnSync('sh', ['-c', command], {
      env: { ...environment(endpoint), ...prefix },
      stdio: ['ignore', 'ignore', process.env.BENCH_DEBUG ? 'inherit' : 'ignore'],
    })
    const measured = existsSync(result) ? JSON.parse(readFileSync(result, 'utf8')) : { status: 127 }
    process.stderr.write(`round ${round}: ${group}: ${name}: ${measured.seconds ?? '?'} s, status ${measured.status}\n`)
    if (measured.status === 0) seen.push(measured)
  }
}

const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
const size = bytes / 2 ** 30
console.log(`${size.toFixed(2)} GiB, medians of ${rounds}; "ours" is how many times as fast zfs2s3 is\n`)
for (const group of new Set(contenders.map(each => each.group))) {
  const rows = contenders.filter(each => each.group === group)
  const seconds = row => median(row.seen.map(each => each.seconds))
  const ours = seconds(rows.find(({ name }) => name.startsWith('zfs2s3')))
  console.log(`${group.padEnd(22)}  GiB/s  CPU s/GiB    MiB   ours`)
  for (const row of rows) {
    const cells = [
      (size / seconds(row)).toFixed(2).padStart(5),
      median(row.seen.map(each => (each.user + each.system) / size))
        .toFixed(2)
        .padStart(9),
      (median(row.seen.map(each => each.kib)) / 1024).toFixed(0).padStart(5),
      (seconds(row) / ours).toFixed(2).padStart(5),
    ]
    console.log(row.seen.length > 0 ? `${row.name.padEnd(22)}  ${cells.join('  ')}` : `${row.name.padEnd(22)}  failed`)
  }
  console.log()
}
process.exit(0)
