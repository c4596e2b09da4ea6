import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, it } from 'node:test'
import { projectRoot } from '../fixtures.js'
import { send } from './client.js'
import { startS3Server } from './server.js'

const dir = mkdtempSync(join(tmpdir(), 'zfs2s3-test-'))
after(() => rmSync(dir, { recursive: true }))

async function start(...args: string[]): Promise<{ child: ChildProcess; env: Map<string, string> }> {
  const child = spawn(`${projectRoot}/scripts/s3-server`, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const env = new Map<string, string>()
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, value] = /^export (\w+)=(.*)$/.exec(line) ?? assert.fail(line)
    env.set(name ?? '', value ?? '')
    if (name === 'ZFS2S3_BUCKET') break
  }
  return { child, env }
}

const ended = async (child: ChildProcess): Promise<unknown[]> => once(child, 'exit')

it('prints the variables to use it by, and ends when it is told to', async () => {
  const { child, env } = await start('--bucket', 'mine', '--min-part-size', '7', '--no-checksums')
  assert.deepEqual(
    [...env.keys()],
    ['AWS_ENDPOINT_URL_S3', 'AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'ZFS2S3_BUCKET'],
  )
  const answer = await fetch(`${env.get('AWS_ENDPOINT_URL_S3') ?? ''}/-/settings`)
  const settings = (await answer.json()) as Record<string, unknown>
  assert.deepEqual([settings.minPartSize, settings.noChecksums, settings.maxParts], [7, true, 10_000])
  child.kill('SIGTERM')
  assert.deepEqual(await ended(child), [0, null])
})

it('knows every option that its help names', () => {
  const run = (...args: string[]) => spawnSync(`${projectRoot}/scripts/s3-server`, args, { encoding: 'utf8' })
  const flags = [...run('--help').stdout.matchAll(/^ +(--[\w-]+)( [A-Z]+)?/gm)]
  assert.ok(flags.length > 10)
  const given = flags.flatMap(([, flag = '', value]) => (value === undefined ? [flag] : [flag, '1']))
  assert.deepEqual([run(...given).status, run(...given).stderr], [0, ''])
})

it('keeps objects and uploads when it is killed, and nothing of what was not finished', async () => {
  const { child, env } = await start('--dir', dir)
  const endpoint = new URL(env.get('AWS_ENDPOINT_URL_S3') ?? '')
  const credentials = {
    accessKeyId: env.get('AWS_ACCESS_KEY_ID') ?? '',
    secretAccessKey: env.get('AWS_SECRET_ACCESS_KEY') ?? '',
  }
  const killed = { port: Number(endpoint.port), region: env.get('AWS_REGION') ?? '', credentials }
  const put = (target: string, method = 'PUT', body = target) => send(killed, { method, target, body })
  await put('/zfs2s3/..%2F..%2Fkept')
  const created = await put('/zfs2s3/parts?uploads', 'POST', '')
  const id = /<UploadId>(\w+)</.exec(created.body.toString())?.[1] ?? assert.fail()
  await put(`/zfs2s3/parts?partNumber=1&uploadId=${id}`, 'PUT', 'part one')
  await fetch(new URL('/-/faults', endpoint), {
    method: 'POST',
    body: JSON.stringify({ do: 'hold', name: 'h', at: 'body', bytes: 1 }),
  })
  const unfinished = assert.rejects(put('/zfs2s3/unfinished'))
  await fetch(new URL('/-/wait?held=h', endpoint))
  child.kill('SIGKILL')
  await ended(child)
  await unfinished
  assert.equal(readdirSync(`${dir}/data`).length, 3)

  const again = await startS3Server({ dir })
  assert.equal((await again.read('../../kept')).toString(), '/zfs2s3/..%2F..%2Fkept')
  assert.deepEqual(again.objects.keys('zfs2s3'), ['../../kept'])
  assert.deepEqual(
    again.uploads.parts(id).map(part => part.size),
    [8],
  )
  assert.equal(readdirSync(`${dir}/data`).length, 2)
  await again.close()
  assert.ok(existsSync(dir))
})

const misuses: [what: string, args: string[]][] = [
  ['an unknown flag', ['--nonsense']],
  ['a port that is none', ['--port', 'x']],
  ['an argument', ['x']],
]
for (const [what, args] of misuses)
  it(`ends with status 2 when it is given ${what}`, async () => {
    const child = spawn(`${projectRoot}/scripts/s3-server`, args, { stdio: 'ignore' })
    assert.deepEqual(await ended(child), [2, null])
  })
