/** A process that adds edges to a catalog: change.child.js DATADIR NAME COUNT. Prints a line for each edge that is in. */
import { changeCatalog, localCatalog } from '#src/catalog/home.js'
import { edge } from '../chain/notation.js'

const [dataDir = '', name = '', count = ''] = process.argv.slice(2)
const catalog = localCatalog(dataDir, { waitMs: 60_000 })
for (let n = 0; n < Number(count); n++) {
  await changeCatalog(catalog, `child ${name}`, all => [...all, edge(`${name}-${n}`)])
  console.log(`${name}-${n}`)
}
