/** The folder that catalog and ledgers are in. */
import { dataDir } from '../catalog/data-dir.js'
import type { Context } from '../cli/command.js'

/** What `--data-dir` says, or the environment. */
export const dataDirOf = ({ args, env }: Context): string => args.text('data-dir') ?? dataDir(env)
