/** All commands by name, each loaded only when it is called. */
import type { Command } from '../cli/command.js'

const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  put: async () => (await import('./put.js')).command,
  get: async () => (await import('./get.js')).command,
  graph: async () => (await import('./graph.js')).command,
  ls: async () => (await import('./ls.js')).command,
  plan: async () => (await import('./plan.js')).command,
  check: async () => (await import('./check.js')).command,
  rm: async () => (await import('./rm.js')).command,
  retain: async () => (await import('./retain.js')).command,
  fsck: async () => (await import('./fsck.js')).command,
  import: async () => (await import('./import.js')).command,
  verify: async () => (await import('./verify.js')).command,
  thaw: async () => (await import('./thaw.js')).command,
  doctor: async () => (await import('./doctor.js')).command,
  pending: async () => (await import('./pending.js')).command,
  abort: async () => (await import('./abort.js')).command,
  commit: async () => (await import('./commit.js')).command,
  inspect: async () => (await import('./inspect.js')).command,
  token: async () => (await import('./token.js')).command,
  guid: async () => (await import('./guid.js')).command,
  size: async () => (await import('./size.js')).command,
  restore: async () => (await import('./restore.js')).command,
  upload: async () => (await import('./porcelain.js')).upload,
  resume_upload: async () => (await import('./porcelain.js')).resumeUpload,
  abort_upload: async () => (await import('./porcelain.js')).abortUpload,
  remove: async () => (await import('./porcelain.js')).remove,
  stream_size: async () => (await import('./porcelain.js')).streamSize,
  completion: async () => (await import('./completion.js')).command,
  prepare_upload_schedule: async () => (await import('./porcelain.js')).prepareUploadSchedule,
}

/** Every name that `zfs2s3 NAME` takes, in the order in which they are listed. */
export const commandNames: readonly string[] = Object.keys(loaders)

/** The command of that name, or undefined. */
export async function findCommand(name: string): Promise<Command | undefined> {
  return Object.hasOwn(loaders, name) ? loaders[name]?.() : undefined
}
