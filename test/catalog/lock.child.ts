/** A process that takes the lock and keeps it until it is killed: lock.child.js DATADIR. */
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock } from '#src/catalog/lock.js'

await withLock(process.argv[2] ?? '', 'zfs2s3-put tank/home@a', async () => {
  console.log('locked')
  await sleep(600_000)
})
