/** zfs2s3 completion: what makes a shell complete the commands, and the names that it completes with. */
import { readFileSync } from 'node:fs'
import type { Command } from '../cli/command.js'
import { write } from '../cli/ndjson.js'
import { bucketOptions, dataDirOption } from '../cli/settings.js'
import { usageError } from '../failure.js'
import { storedEdges } from './catalog.js'
import { dataDirOf } from './data-dir.js'

/** The files that scripts/man makes in completions/, by shell. */
const scripts: Readonly<Record<string, string>> = { bash: 'zfs2s3.bash', zsh: '_zfs2s3', fish: 'zfs2s3.fish' }

export const command: Command = {
  name: 'completion',
  porcelain: true,
  summary: 'print what makes a shell complete the commands',
  usage: ['bash|zsh|fish', 'stored|pending [--data-dir DIR]'],
  description: [
    'Prints the script that makes bash, zsh or fish complete commands, options and their values, and the names of ' +
      'snapshots: stored ones from the catalog, local ones from zfs list. Asks nothing of S3.',
    'The scripts get those names from zfs2s3 completion stored and pending, one a line, each once.',
  ],
  positionals: 1,
  options: [dataDirOption, ...bucketOptions],
  examples: [
    ['in ~/.bashrc', 'source <(zfs2s3 completion bash)'],
    ['in ~/.zshrc, behind compinit', 'source <(zfs2s3 completion zsh)'],
    ['for fish, once', 'zfs2s3 completion fish > ~/.config/fish/completions/zfs2s3.fish'],
  ],
  async run(context) {
    const [what = ''] = context.args.positionals
    const file = Object.hasOwn(scripts, what) ? scripts[what] : undefined
    if (file !== undefined) {
      await write(context.stdout, readFileSync(new URL(`../../completions/${file}`, import.meta.url)))
      return
    }
    const names = new Set<string>()
    if (what === 'stored') {
      for (const { provides } of await storedEdges(context)) for (const { name } of provides) names.add(name)
    } else if (what === 'pending') {
      // Loaded here: whoever presses Tab waits for the other names.
      const { Ledger } = await import('../store/ledger.js')
      for (const { header } of await Ledger.all(dataDirOf(context))) names.add(header.snapshot.name)
    } else throw usageError(`there is no completion for '${what}'`, 'give bash, zsh or fish')
    await write(context.stdout, [...names].map(name => `${name}\n`).join(''))
  },
}
