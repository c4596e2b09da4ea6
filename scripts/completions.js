// The commands' descriptions, those that --help prints, as completions for bash, zsh and fish.
import { calledAs, commonOptions } from '../dist/cli/command.js'

// What the first argument of a command names, where that is not a stored snapshot.
const local = ['put', 'upload', 'guid', 'size', 'stream_size', 'prepare_upload_schedule']
const pending = ['abort', 'abort_upload', 'commit', 'token', 'resume_upload']

/** stored, local or pending: which snapshots a command's argument names; none where it takes no snapshot. */
function named({ name, usage }) {
  if (local.includes(name)) return 'local'
  if (pending.includes(name)) return 'pending'
  return usage.some(form => form.includes('DS@SNAP')) ? 'stored' : 'none'
}

/** What completes the value of an option: words, or the kind of name. */
function valued({ value, choices, suggests }) {
  const words = choices ?? suggests
  if (words !== undefined) return words.join(' ')
  if (value === 'DIR') return '@folder'
  return value.startsWith('DS@') ? '@stored' : '@none'
}

const optionsOf = command => [...command.options, ...commonOptions]
const flags = ({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]
const made = '# Made by scripts/man from the descriptions in src/commands. Not edited by hand.'
const quoted = text => `'${text.replaceAll("'", `'\\''`)}'`
const executablesOf = commands => ['zfs2s3', ...commands.filter(({ porcelain }) => !porcelain).map(calledAs)]

/** `put) options='...' ...;;` for each command. bash and zsh both read it. */
const cases = commands =>
  commands.map(command => {
    const options = optionsOf(command)
    const values = options.filter(({ value }) => value !== undefined)
    return [
      `    ${command.name})`,
      `      options='${options.flatMap(flags).join(' ')}' names=${named(command)}`,
      '      case $prev in',
      ...values.map(option => `        ${flags(option).join('|')}) values='${valued(option)}' ;;`),
      '      esac ;;',
    ].join('\n')
  })

/** The part that bash and zsh share: from the words to what may come next, in `found`, a word a line. */
const shared = commands => `
# What may stand at the end of the words: a line each. The last word is the one that is being typed.
_zfs2s3_candidates() {
  local program=$1 command options='' names=none values='' prev cur
  shift
  command=\${program##*/}
  command=\${command#zfs2s3-}
  if [ "$command" = zfs2s3 ]; then
    if [ $# -le 1 ]; then
      printf '%s\\n' ${commands.map(({ name }) => name).join(' ')} --help --version
      return
    fi
    command=$1
    shift
  fi
  while [ $# -gt 2 ]; do shift; done
  if [ $# -gt 1 ]; then prev=$1; shift; else prev=''; fi
  cur=$1
  case $command in
${cases(commands).join('\n')}
    *) return ;;
  esac
  [ "$command" != completion ] || options="bash zsh fish $options"
  case $values in
    '')
      # An option is only meant by what begins like one.
      case $cur in -*) names=none ;; esac
      _zfs2s3_names "$names"
      printf '%s\\n' "$options" | tr ' ' '\\n' ;;
    @*) _zfs2s3_names "\${values#@}" ;;
    *) printf '%s\\n' "$values" | tr ' ' '\\n' ;;
  esac
}

_zfs2s3_names() {
  case $1 in
    stored|pending) zfs2s3 completion "$1" 2>/dev/null ;;
    local) zfs list -H -o name -t snapshot 2>/dev/null ;;
    folder) printf '@folder\\n' ;;
  esac
}
`

export const bashCompletion = commands => `${made}
# bash: source <(zfs2s3 completion bash)
${shared(commands)}
_zfs2s3() {
  # The words as they are typed: bash itself cuts tank/home@a into three.
  local line=\${COMP_LINE:0:COMP_POINT} words cur candidates breaks head
  read -ra words <<<"$line"
  [[ $line != *[[:space:]] ]] || words+=('')
  cur=\${words[\${#words[@]} - 1]}
  candidates=$(_zfs2s3_candidates "\${words[@]}")
  if [ "$candidates" = @folder ]; then
    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
    return
  fi
  breaks=\${COMP_WORDBREAKS//[[:space:]]/}
  # readline replaces only what is behind the last character that it cuts at.
  head=\${cur%"\${cur##*["$breaks"]}"}
  COMPREPLY=()
  local candidate
  while IFS= read -r candidate; do
    [[ -z $candidate || $candidate != "$cur"* ]] || COMPREPLY+=("\${candidate#"$head"}")
  done <<<"$candidates"
}
complete -F _zfs2s3 ${executablesOf(commands).join(' ')}
`

export const zshCompletion = commands => `#compdef ${executablesOf(commands).join(' ')}
${made}
# zsh: source <(zfs2s3 completion zsh), behind compinit; or put this file into a folder of $fpath, as _zfs2s3.
${shared(commands)}
_zfs2s3() {
  local -a candidates
  candidates=("\${(@f)$(_zfs2s3_candidates "\${(@)words[1,CURRENT]}")}")
  if [[ $candidates[1] = @folder ]]; then
    _files -/
  else
    compadd -a candidates
  fi
}
if [ "\${funcstack[1]-}" = _zfs2s3 ]; then _zfs2s3 "$@"; else compdef _zfs2s3 ${executablesOf(commands).join(' ')}; fi
`

/** fish is told of each option by itself, with its help; \`zfs2s3 NAME\` as well as \`zfs2s3-NAME\`. */
export function fishCompletion(commands) {
  const values = option => {
    const what = valued(option)
    if (what === '@folder') return `-x -a '(__fish_complete_directories)'`
    if (what === '@stored') return `-x -a '(zfs2s3 completion stored 2>/dev/null)'`
    return what === '@none' ? '-x' : `-x -a '${what}'`
  }
  const names = {
    stored: 'zfs2s3 completion stored 2>/dev/null',
    pending: 'zfs2s3 completion pending 2>/dev/null',
    local: 'zfs list -H -o name -t snapshot 2>/dev/null',
  }
  const lines = command => {
    const forms = [`-c zfs2s3 -n '__fish_seen_subcommand_from ${command.name}'`]
    if (!command.porcelain) forms.push(`-c ${calledAs(command)}`)
    const arguments_ = command.name === 'completion' ? 'bash zsh fish' : null
    const dynamic = names[named(command)]
    const positional = arguments_ ?? (dynamic === undefined ? null : `(${dynamic})`)
    return forms.flatMap(form => [
      `complete ${form} -f${positional === null ? '' : ` -a '${positional}'`}`,
      ...optionsOf(command).map(option => {
        const short = option.short === undefined ? '' : ` -s ${option.short}`
        const value = option.value === undefined ? '' : ` ${values(option)}`
        return `complete ${form} -l ${option.name}${short}${value} -d ${quoted(option.help)}`
      }),
    ])
  }
  const subcommands = commands.map(
    ({ name, summary }) => `complete -c zfs2s3 -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
  )
  return [made, ...subcommands, ...commands.flatMap(lines), ''].join('\n')
}
