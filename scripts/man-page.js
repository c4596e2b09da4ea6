// A command's description, the one that --help prints, as a manual page: roff with the man(7) macros.
import { calledAs, commonOptions } from '../dist/cli/command.js'
import { generalStatuses } from '../dist/cli/help.js'

// Changed by hand, when a page has something new to say.
const date = '2026-11-24'

/** The environment variables, each with the option that it stands in for; those without one matter everywhere. */
export const variables = [
  { name: 'ZFS2S3_BUCKET', option: 'bucket', help: 'the bucket; zfs2s3 if it is not set' },
  { name: 'ZFS2S3_PREFIX', option: 'prefix', help: 'put in front of every key, just as it is' },
  {
    name: 'ZFS2S3_STORAGE_CLASS',
    option: 'storage-class',
    help: 'the storage class of new objects; STANDARD if it is not set',
  },
  { name: 'ZFS2S3_DATA_DIR', option: 'data-dir', help: 'the folder that catalog and ledgers are in' },
  {
    name: 'ZFS2S3_CATALOG',
    option: 'catalog',
    help: 'local (default): the catalog is on this machine, with a copy in the bucket; bucket: it is only there, for several machines',
  },
  {
    name: 'XDG_DATA_HOME',
    option: 'data-dir',
    help: 'without ZFS2S3_DATA_DIR that folder is $XDG_DATA_HOME/zfs2s3, and ~/.local/share/zfs2s3 without both',
  },
  {
    name: 'ZFS2S3_SEND_FLAGS',
    option: 'send',
    help: 'flags for the zfs send that zfs2s3 runs itself; --raw if it is not set',
  },
  {
    name: 'ZFS2S3_RECEIVE_FLAGS',
    option: 'receive',
    help: 'flags for the zfs receive that zfs2s3 runs itself; -s -u if it is not set',
  },
  {
    name: 'ZFS2S3_MIN_PART_SIZE',
    option: 'part-size',
    help: 'the least --part-size in bytes, for S3 services that take shorter parts than the 5 MiB of AWS',
  },
  { name: 'AWS_ENDPOINT_URL_S3', option: 'endpoint-url', help: 'another S3 service than AWS' },
  { name: 'AWS_PROFILE, AWS_REGION, ...', option: 'region', help: 'credentials and region, as the AWS SDK finds them' },
  { name: 'ZFS2S3_DEBUG', help: 'if it is set, an error is printed with where in the program it came from' },
]

const dataDir = '~/.local/share/zfs2s3'

const files = [
  { name: `${dataDir}/stored_snapshots.yml`, help: 'the catalog: what is stored. It has a copy in the bucket' },
  { name: `${dataDir}/uploads/`, help: 'the ledgers: uploads in progress' },
]

const signals = [
  {
    name: 'SIGINT, SIGTERM, SIGHUP',
    help: 'end the command in good order: what can be gone on with is kept. A second one ends it at once, which loses no more',
  },
  {
    name: 'SIGUSR1, SIGINFO',
    help: 'print on stderr how far it is, in one line, where there is something to say; SIGINFO (Ctrl-T) where the system has it',
  },
]

/** `zfs2s3-put`, `zfs2s3-resume_upload`: what the page is called. man finds it under `man zfs2s3 resume_upload` too. */
export const pageName = command => calledAs(command).replace(' ', '-')

/** The page of one command. */
export function commandPage(command, version) {
  const name = pageName(command)
  const options = [...command.options, ...commonOptions]
  const has = wanted => wanted === undefined || command.options.some(option => option.name === wanted)
  return page(name, version, [
    section('NAME', `${text(name)} \\- ${text(command.summary)}`),
    section('SYNOPSIS', ...command.usage.flatMap(form => synopsis(calledAs(command), form))),
    section('DESCRIPTION', ...paragraphs(command.description)),
    section('OPTIONS', ...options.flatMap(option => tagged(optionTag(option), prose(option.help)))),
    section('EXAMPLES', ...command.examples.flatMap(example)),
    section('EXIT STATUS', ...statuses({ ...generalStatuses, ...command.statuses })),
    section('ENVIRONMENT', ...named(variables.filter(({ option }) => has(option)))),
    section('SIGNALS', ...named(signals)),
    ...(has('data-dir') ? [section('FILES', ...named(files))] : []),
    section('SEE ALSO', seeAlso(command.porcelain ? ['zfs2s3(1)'] : ['zfs2s3(1)', 'zfs2s3(7)', 'zfs2s3-format(5)'])),
  ])
}

/** The page of `zfs2s3` itself: the list of the others. */
export function overviewPage(commands, version) {
  const list = porcelain => commands.filter(command => (command.porcelain ?? false) === porcelain)
  const line = command => tagged(`\\fB${text(calledAs(command))}\\fR`, text(command.summary))
  return page('zfs2s3', version, [
    section('NAME', 'zfs2s3 \\- store zfs send streams in S3, as chains that can always be restored'),
    section(
      'SYNOPSIS',
      '.B zfs2s3\n\\fICOMMAND\\fR [\\fIARGUMENTS\\fR]',
      '.br',
      '.BI zfs2s3\\- COMMAND\n[\\fIARGUMENTS\\fR]',
    ),
    section(
      'DESCRIPTION',
      ...paragraphs([
        'A set of small commands for shell pipelines. Each has a manual page of its own and --help. Streams are raw bytes ' +
          'on stdin and stdout; records are JSON, one object a line. stderr is for people.',
        'The ideas behind them, and how they go together, are in zfs2s3(7).',
      ]),
    ),
    section('COMMANDS', ...list(false).flatMap(line)),
    section(
      'COMMANDS OF THE PYTHON TOOL',
      ...paragraphs(['These take and do what the Python tool of the same name did. They run zfs send themselves.']),
      ...list(true).flatMap(line),
    ),
    section('OPTIONS', ...commonOptions.flatMap(option => tagged(optionTag(option), prose(option.help)))),
    section('EXIT STATUS', ...statuses({ ...generalStatuses, '128+n': 'ended by signal n' })),
    section('ENVIRONMENT', ...named(variables)),
    section('SIGNALS', ...named(signals)),
    section('FILES', ...named(files)),
    section('SEE ALSO', seeAlso(['zfs2s3(7)', 'zfs2s3-format(5)', 'zfs-send(8)', 'zfs-receive(8)'])),
  ])
}

const page = (name, version, sections) =>
  [
    '.\\" Made by scripts/man from the descriptions in src/commands. Not edited by hand.',
    `.TH ${text(name.toUpperCase())} 1 ${date} "zfs2s3 ${version}" "zfs2s3"`,
    ...sections,
    '',
  ].join('\n')

/** A section; its first paragraph needs no request before it. */
const section = (title, first, ...lines) => [`.SH ${title}`, ...(first === '.PP' ? [] : [first]), ...lines].join('\n')

/** What roff would print as something else, or take for a request. Hyphens and quotes must be ones that can be copied. */
const escapes = [
  [/\\/g, '\\e'],
  [/-/g, '\\-'],
  [/'/g, '\\(aq'],
  [/`/g, '\\(ga'],
  [/\^/g, '\\(ha'],
  [/~/g, '\\(ti'],
  [/^\./gm, '\\&.'],
  // Paths are not broken at the end of a line.
  [/(?<!\S)(?=\S*\/)/g, '\\%'],
]
const text = string => escapes.reduce((done, [found, instead]) => done.replace(found, instead), string)

/** Text with options and command names in bold. */
const prose = string => text(string).replace(/(?<![\w\\])(zfs2s3(?:\\-\w+)+|\\-\\-[a-z](?:\\-|\w)*)/g, '\\fB$1\\fR')

const paragraphs = list => list.flatMap(paragraph => ['.PP', prose(paragraph)])

const tagged = (tag, body) => ['.TP', tag, body]

const named = list => list.flatMap(({ name, help }) => tagged(`\\fB${text(name)}\\fR`, prose(help)))

const statuses = table =>
  Object.entries(table).flatMap(([status, meaning]) => tagged(`\\fB${status}\\fR`, text(meaning)))

/** `-i, --base DS@PREV`. */
function optionTag({ name, short, value }) {
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${name}`].map(each => `\\fB${text(each)}\\fR`)
  return names.join(', ') + (value === undefined ? '' : ` \\fI${text(value)}\\fR`)
}

/** A form of the command: what the user replaces, in capitals, is in italics; options are in bold. */
function synopsis(name, form) {
  const words = text(form)
    .replace(/[A-Z]+(?:@[A-Z]+)?/g, '\\fI$&\\fR')
    .replace(/\\-(?:\\-[a-z]+|[a-z])\b/g, '\\fB$&\\fR')
  return ['.PP', `\\fB${text(name)}\\fR ${words}`]
}

const example = ([what, line]) => [
  '.PP',
  `${text(what[0].toUpperCase() + what.slice(1))}:`,
  '.PP',
  '.RS 4',
  '.EX',
  text(line),
  '.EE',
  '.RE',
]

const seeAlso = pages =>
  pages.map(each => each.replace(/^(.*)(\(\d\))$/, (_, name, part) => `\\fB${text(name)}\\fR${part}`)).join(',\n')
