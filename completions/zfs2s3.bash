# Made by scripts/man from the descriptions in src/commands. Not edited by hand.
# bash: source <(zfs2s3 completion bash)

# What may stand at the end of the words: a line each. The last word is the one that is being typed.
_zfs2s3_candidates() {
  local program=$1 command options='' names=none values='' prev cur
  shift
  command=${program##*/}
  command=${command#zfs2s3-}
  if [ "$command" = zfs2s3 ]; then
    if [ $# -le 1 ]; then
      printf '%s\n' put get graph ls plan check rm retain fsck import verify thaw doctor pending abort commit inspect token guid size restore upload resume_upload abort_upload remove stream_size completion prepare_upload_schedule --help --version
      return
    fi
    command=$1
    shift
  fi
  while [ $# -gt 2 ]; do shift; done
  if [ $# -gt 1 ]; then prev=$1; shift; else prev=''; fi
  cur=$1
  case $command in
    put)
      options='--base -i --filter --hold --opaque --resume --alongside --allow-flag-change --guid --base-guid --storage-class --sse --sse-kms-key-id --lock-days --lock-mode --concurrency --part-size --max-parts --size --progress --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --limit-rate --help -h --version' names=local
      case $prev in
        --base|-i) values='@stored' ;;
        --filter) values='@none' ;;
        --guid) values='@none' ;;
        --base-guid) values='@none' ;;
        --storage-class) values='STANDARD STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER GLACIER_IR DEEP_ARCHIVE REDUCED_REDUNDANCY OUTPOSTS EXPRESS_ONEZONE SNOW' ;;
        --sse) values='AES256 aws:kms aws:kms:dsse' ;;
        --sse-kms-key-id) values='@none' ;;
        --lock-days) values='@none' ;;
        --lock-mode) values='@none' ;;
        --concurrency) values='@none' ;;
        --part-size) values='@none' ;;
        --max-parts) values='@none' ;;
        --size) values='@none' ;;
        --progress) values='line json none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
        --limit-rate) values='@none' ;;
      esac ;;
    get)
      options='--base -i --filter --continue --decompress --concurrency --progress --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --limit-rate --help -h --version' names=stored
      case $prev in
        --base|-i) values='@stored' ;;
        --filter) values='@none' ;;
        --continue) values='@none' ;;
        --concurrency) values='@none' ;;
        --progress) values='line json none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
        --limit-rate) values='@none' ;;
      esac ;;
    graph)
      options='--tree --svg --dot --from --concurrency --read-packages --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=none
      case $prev in
        --from) values='@none' ;;
        --concurrency) values='@none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    ls)
      options='--columns -o --scripted -H --parsable -p --recursive -r --sort -s --reverse-sort -S --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=stored
      case $prev in
        --columns|-o) values='@none' ;;
        --sort|-s) values='@none' ;;
        --reverse-sort|-S) values='@none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    plan)
      options='--have --prefer --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=stored
      case $prev in
        --have) values='@stored' ;;
        --prefer) values='bytes links' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    check)
      options='--base -i --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=stored
      case $prev in
        --base|-i) values='@stored' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    rm)
      options='--base -i --dry-run -n --gone --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=stored
      case $prev in
        --base|-i) values='@stored' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    retain)
      options='--keep-last --keep-hourly --keep-daily --keep-weekly --keep-monthly --keep-yearly --keep-within --keep --utc --max-links --explain --bypasses --local --shell --filter --help -h --version' names=none
      case $prev in
        --keep-last) values='@none' ;;
        --keep-hourly) values='@none' ;;
        --keep-daily) values='@none' ;;
        --keep-weekly) values='@none' ;;
        --keep-monthly) values='@none' ;;
        --keep-yearly) values='@none' ;;
        --keep-within) values='@none' ;;
        --keep) values='@none' ;;
        --max-links) values='@none' ;;
        --filter) values='@none' ;;
      esac ;;
    fsck)
      options='--repair --local --concurrency --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=none
      case $prev in
        --concurrency) values='@none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    import)
      options='--only-restorable --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=none
      case $prev in
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    verify)
      options='--base -i --quick --sample --max-bytes --filter --decompress --concurrency --progress --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --limit-rate --help -h --version' names=stored
      case $prev in
        --base|-i) values='@stored' ;;
        --sample) values='@none' ;;
        --max-bytes) values='@none' ;;
        --filter) values='@none' ;;
        --concurrency) values='@none' ;;
        --progress) values='line json none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
        --limit-rate) values='@none' ;;
      esac ;;
    thaw)
      options='--base -i --tier --days --dry-run -n --wait --poll --progress --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=stored
      case $prev in
        --base|-i) values='@stored' ;;
        --tier) values='Standard Bulk Expedited' ;;
        --days) values='@none' ;;
        --poll) values='@none' ;;
        --progress) values='line json none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    doctor)
      options='--probe --print-policy --lock --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=none
      case $prev in
        --print-policy) values='@none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    pending)
      options='--data-dir --help -h --version' names=none
      case $prev in
        --data-dir) values='@folder' ;;
      esac ;;
    abort)
      options='--data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=pending
      case $prev in
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    commit)
      options='--data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=pending
      case $prev in
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    inspect)
      options='--pass --help -h --version' names=none
      case $prev in
      esac ;;
    token)
      options='--data-dir --help -h --version' names=pending
      case $prev in
        --data-dir) values='@folder' ;;
      esac ;;
    guid)
      options='--help -h --version' names=local
      case $prev in
      esac ;;
    size)
      options='--base -i --send --help -h --version' names=local
      case $prev in
        --base|-i) values='@stored' ;;
        --send) values='@none' ;;
      esac ;;
    restore)
      options='--dry-run -n --verbose -v --receive --force-rollback -F --prefer --filter --data-dir --decompress --concurrency --progress --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --limit-rate --help -h --version' names=stored
      case $prev in
        --receive) values='@none' ;;
        --prefer) values='bytes links' ;;
        --filter) values='@none' ;;
        --data-dir) values='@folder' ;;
        --concurrency) values='@none' ;;
        --progress) values='line json none' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
        --limit-rate) values='@none' ;;
      esac ;;
    upload)
      options='--send --base -i --filter --hold --opaque --resume --alongside --allow-flag-change --guid --base-guid --storage-class --sse --sse-kms-key-id --lock-days --lock-mode --concurrency --part-size --max-parts --size --progress --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --limit-rate --help -h --version' names=local
      case $prev in
        --send) values='@none' ;;
        --base|-i) values='@stored' ;;
        --filter) values='@none' ;;
        --guid) values='@none' ;;
        --base-guid) values='@none' ;;
        --storage-class) values='STANDARD STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER GLACIER_IR DEEP_ARCHIVE REDUCED_REDUNDANCY OUTPOSTS EXPRESS_ONEZONE SNOW' ;;
        --sse) values='AES256 aws:kms aws:kms:dsse' ;;
        --sse-kms-key-id) values='@none' ;;
        --lock-days) values='@none' ;;
        --lock-mode) values='@none' ;;
        --concurrency) values='@none' ;;
        --part-size) values='@none' ;;
        --max-parts) values='@none' ;;
        --size) values='@none' ;;
        --progress) values='line json none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
        --limit-rate) values='@none' ;;
      esac ;;
    resume_upload)
      options='--send --base -i --filter --hold --opaque --resume --alongside --allow-flag-change --guid --base-guid --storage-class --sse --sse-kms-key-id --lock-days --lock-mode --concurrency --part-size --max-parts --size --progress --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --limit-rate --help -h --version' names=pending
      case $prev in
        --send) values='@none' ;;
        --base|-i) values='@stored' ;;
        --filter) values='@none' ;;
        --guid) values='@none' ;;
        --base-guid) values='@none' ;;
        --storage-class) values='STANDARD STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER GLACIER_IR DEEP_ARCHIVE REDUCED_REDUNDANCY OUTPOSTS EXPRESS_ONEZONE SNOW' ;;
        --sse) values='AES256 aws:kms aws:kms:dsse' ;;
        --sse-kms-key-id) values='@none' ;;
        --lock-days) values='@none' ;;
        --lock-mode) values='@none' ;;
        --concurrency) values='@none' ;;
        --part-size) values='@none' ;;
        --max-parts) values='@none' ;;
        --size) values='@none' ;;
        --progress) values='line json none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
        --limit-rate) values='@none' ;;
      esac ;;
    abort_upload)
      options='--data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=pending
      case $prev in
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    remove)
      options='--base -i --dry-run -n --gone --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=stored
      case $prev in
        --base|-i) values='@stored' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    stream_size)
      options='--base -i --send --help -h --version' names=local
      case $prev in
        --base|-i) values='@stored' ;;
        --send) values='@none' ;;
      esac ;;
    completion)
      options='--data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=none
      case $prev in
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    prepare_upload_schedule)
      options='--base -i --send --data-dir --catalog --bucket --prefix --endpoint-url --region --profile --timeout --retry-for --help -h --version' names=local
      case $prev in
        --base|-i) values='@stored' ;;
        --send) values='@none' ;;
        --data-dir) values='@folder' ;;
        --catalog) values='@none' ;;
        --bucket) values='@none' ;;
        --prefix) values='@none' ;;
        --endpoint-url) values='@none' ;;
        --region) values='@none' ;;
        --profile) values='@none' ;;
        --timeout) values='@none' ;;
        --retry-for) values='@none' ;;
      esac ;;
    *) return ;;
  esac
  [ "$command" != completion ] || options="bash zsh fish $options"
  case $values in
    '')
      # An option is only meant by what begins like one.
      case $cur in -*) names=none ;; esac
      _zfs2s3_names "$names"
      printf '%s\n' "$options" | tr ' ' '\n' ;;
    @*) _zfs2s3_names "${values#@}" ;;
    *) printf '%s\n' "$values" | tr ' ' '\n' ;;
  esac
}

_zfs2s3_names() {
  case $1 in
    stored|pending) zfs2s3 completion "$1" 2>/dev/null ;;
    local) zfs list -H -o name -t snapshot 2>/dev/null ;;
    folder) printf '@folder\n' ;;
  esac
}

_zfs2s3() {
  # The words as they are typed: bash itself cuts tank/home@a into three.
  local line=${COMP_LINE:0:COMP_POINT} words cur candidates breaks head
  read -ra words <<<"$line"
  [[ $line != *[[:space:]] ]] || words+=('')
  cur=${words[${#words[@]} - 1]}
  candidates=$(_zfs2s3_candidates "${words[@]}")
  if [ "$candidates" = @folder ]; then
    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
    return
  fi
  breaks=${COMP_WORDBREAKS//[[:space:]]/}
  # readline replaces only what is behind the last character that it cuts at.
  head=${cur%"${cur##*["$breaks"]}"}
  COMPREPLY=()
  local candidate
  while IFS= read -r candidate; do
    [[ -z $candidate || $candidate != "$cur"* ]] || COMPREPLY+=("${candidate#"$head"}")
  done <<<"$candidates"
}
complete -F _zfs2s3 zfs2s3 zfs2s3-put zfs2s3-get zfs2s3-graph zfs2s3-ls zfs2s3-plan zfs2s3-check zfs2s3-rm zfs2s3-retain zfs2s3-fsck zfs2s3-import zfs2s3-verify zfs2s3-thaw zfs2s3-doctor zfs2s3-pending zfs2s3-abort zfs2s3-commit zfs2s3-inspect zfs2s3-token zfs2s3-guid zfs2s3-size
