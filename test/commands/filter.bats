# put --filter and get --filter: the stream is checked, then goes through a shell pipeline. Every stage must end well and
# read to the end; whatever goes wrong, nothing is stored and no process stays behind.
load helper
load streams

setup_file() {
  start_s3
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/stored ZFS2S3_PREFIX=${root}stored/
  put_fixture chain-1
}
teardown_file() { stop_s3; }
setup() { starting_with "$BATS_FILE_TMPDIR/stored"; }

increment=$fixtures/chain-1-2.zs
big=$fixtures/big-full.zs

# put_through FILTER [ARGUMENT...]: stores what is on stdin.
put_through() {
  run --separate-stderr zfs2s3-put --filter "$@"
}

# stored_bytes: the test's only object, as it lies in the bucket.
stored_bytes() {
  zfs2s3-get "$1" 2>/dev/null
}

@test "a chain goes through zstd and age, and comes back byte for byte" {
  needs zstd
  needs age
  local key=$BATS_TEST_TMPDIR/key recipient name
  age-keygen -o "$key" 2>/dev/null
  recipient=$(age-keygen -y "$key")
  before=/dev/null
  rm "$ZFS2S3_DATA_DIR/stored_snapshots.yml"
  for name in chain-1 chain-1-2 chain-2-3; do
    put_through "zstd -q | age -r $recipient" <"$fixtures/$name.zs"
    [ "$status" -eq 0 ]
    [ "$stderr" = "" ]
    [ "$(jq -r '"\(.verified) \(.filter)"' <<<"$output")" = "true zstd -q | age -r $recipient" ]
  done
  for name in chain-1 chain-1-2 chain-2-3; do
    stored_bytes "tank/chain@day${name: -1}" | head -c 21 | grep -q '^age-encryption.org/v1'
    zfs2s3-get "tank/chain@day${name: -1}" --filter "age -d -i $key | zstd -qd" | cmp - "$fixtures/$name.zs"
  done
}

@test "a stream goes through gpg with a passphrase, and comes back byte for byte" {
  needs gpg
  export GNUPGHOME=$BATS_TEST_TMPDIR/gpg
  mkdir -m 700 "$GNUPGHOME"
  local gpg="gpg --quiet --batch --pinentry-mode loopback --passphrase secret"
  put_through "$gpg --symmetric --cipher-algo AES256" <"$increment"
  [ "$status" -eq 0 ]
  zfs2s3-get tank/chain@day2 --filter "$gpg --decrypt" | cmp - "$increment"
  gpgconf --kill all
}

@test "get shows the filter that a stream went through, and never runs it" {
  put_through "cat; touch $BATS_TEST_TMPDIR/ran" <"$increment"
  rm "$BATS_TEST_TMPDIR/ran"
  zfs2s3-get tank/chain@day2 2>"$BATS_TEST_TMPDIR/stderr" | cmp - "$increment"
  grep -qF "was stored through the filter: cat; touch" "$BATS_TEST_TMPDIR/stderr"
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "a filter that writes before it has read, and after it has read all, is waited for" {
  put_through 'echo first; cat; echo last' <"$increment"
  [ "$status" -eq 0 ]
  stored_bytes tank/chain@day2 | cmp - <(echo first && cat "$increment" && echo last)
}

@test "a filter that fails stores nothing, whichever stage it is" {
  local filter
  local -A why=(
    ['false']='ended with status 1'
    ['false | cat']='ended with status 1'
    ['cat | false']='ended with status 1'
    ['cat | (cat; exit 3) | cat']='ended with status 3'
    ['cat | head -c 1000']='ended with status 141'
    ['cat; exit 7']='ended with status 7'
    ['no-such-program']='ended with status 127'
    ['cat | no-such-program']='ended with status 127'
    ['cat >/dev/null']='wrote nothing'
    ['head -c 1000']='ended before it had read the whole stream'
    ['true']='ended before it had read the whole stream'
  )
  for filter in "${!why[@]}"; do
    starting_with "$BATS_FILE_TMPDIR/stored"
    put_through "$filter" <"$big"
    ends_with 1 "the filter '$filter' ${why[$filter]}"
    nothing_came_of_it
  done
}

@test "a filter of which one stage is killed in the middle stores nothing" {
  local stage
  for stage in '(head -c 3000000; kill -KILL $BASHPID) | cat' 'cat | (head -c 3000000; kill -TERM $BASHPID)' \
    'cat | (head -c 6000000; kill -SEGV $BASHPID) | cat'; do
    starting_with "$BATS_FILE_TMPDIR/stored"
    put_through "bash -o pipefail -c '$stage'" --part-size 5M <"$big"
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"the filter "*" ended with status 1"[2-4]* ]]
    catalog_untouched
    [[ "$(bucket_has)" != *object* ]]
  done
}

@test "what a filter says on stderr is shown" {
  put_through 'echo "I am out of entropy" >&2; false' <"$increment"
  ends_with 1 "I am out of entropy"
}

@test "zfs send that dies in the middle is noticed in front of the filter" {
  put_through cat < <(head -c 9000 "$increment")
  ends_with 4 "the stream ends after 9,000 bytes without its END record"
  nothing_came_of_it
  put_through cat --part-size 5M < <(head -c 6000000 "$big")
  ends_with 4 "the stream ends after 6,000,000 bytes without its END record"
  pending_with 1
}

@test "a damaged stream is noticed in front of the filter, and what was sent is freed" {
  put_through cat --part-size 5M < <(flipped "$big" 12000000)
  ends_with 4 "damaged"
  [ "$(requests UploadPart)" -gt 0 ]
  nothing_came_of_it
}

# interrupted SIGNAL STATUS: put is sent it while its filter has two stages and its source says nothing more.
interrupted() {
  local status=0 put stages
  mkfifo "$BATS_TEST_TMPDIR/stream"
  zfs2s3-put --part-size 5M --filter "sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/one; exec cat' |
    sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/two; exec cat'" \
    <"$BATS_TEST_TMPDIR/stream" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
  put=$!
  exec 4>"$BATS_TEST_TMPDIR/stream"
  head -c 11000000 "$big" >&4
  curl -sf "$AWS_ENDPOINT_URL_S3/-/wait?operation=UploadPart&key=$ZFS2S3_PREFIX&count=2" >/dev/null
  stages=$(cat "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two")
  ps -o pid= -p "${stages//$'\n'/,}" | wc -l | grep -qx 2
  kill -"$1" "$put"
  wait "$put" || status=$?
  exec 4>&-
  [ "$status" -eq "$2" ]
  [ "$(ps -o pid= -p "${stages//$'\n'/,}")" = "" ]
  cat "$BATS_TEST_TMPDIR/stderr"
  [[ "$(cat "$BATS_TEST_TMPDIR/stderr")" == "zfs2s3-put: the upload of tank/big@one is pending with "*" safe: go on with --resume"* ]]
  catalog_untouched
  [[ "$(bucket_has)" == "upload "* ]]
}

@test "SIGTERM ends put and all stages of its filter" { interrupted TERM 143; }
@test "SIGHUP ends put and all stages of its filter" { interrupted HUP 129; }

@test "when S3 fails for good, all stages of the filter end" {
  curl -sf "$AWS_ENDPOINT_URL_S3/-/faults" -d "{\"operation\":\"UploadPart\",\"key\":\"$ZFS2S3_PREFIX\",\"times\":0,
    \"do\":\"status\",\"status\":403,\"code\":\"AccessDenied\"}"
  put_through "sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/one; exec cat' | cat" --part-size 5M --retry-for 1s < <(cat "$big" && sleep 20 3>&-)
  ends_with 1 "is pending with 0 parts"
  [ "$(ps -o pid= -p "$(cat "$BATS_TEST_TMPDIR/one")")" = "" ]
  catalog_untouched
}

@test "get: a filter that fails, leaves early or writes nothing is an error" {
  put_through cat <"$big"
  run -1 --separate-stderr zfs2s3-get tank/big@one --filter 'cat; exit 3'
  [[ "$stderr" == *"the filter 'cat; exit 3' ended with status 3"* ]]
  run -1 --separate-stderr zfs2s3-get tank/big@one --filter 'cat | no-such-program'
  [[ "$stderr" == *"ended with status 127"* ]]
  run -4 --separate-stderr zfs2s3-get tank/big@one --filter 'cat >/dev/null'
  [[ "$stderr" == *"nothing comes out"* ]]
  run -1 --separate-stderr zfs2s3-get tank/big@one --filter 'head -c 1000'
  [[ "$stderr" == *"ended before it had read the whole stream"* ]]
}

@test "get: what a filter has cut off or damaged never looks like a whole stream" {
  local bytes
  bytes=$(stat -c %s "$big")
  put_through cat <"$big"
  run -4 bash -c "zfs2s3-get tank/big@one --filter '(head -c $((bytes - 100)); cat >/dev/null)' >'$BATS_TEST_TMPDIR/out'"
  [[ "$output" == *"without its END record"* ]]
  run -4 zfs2s3-inspect <"$BATS_TEST_TMPDIR/out"
  run -4 bash -c "zfs2s3-get tank/big@one --filter 'cat; echo' >'$BATS_TEST_TMPDIR/out'"
  [[ "$output" == *"more bytes follow its END"* ]]
  run -4 bash -c "zfs2s3-get tank/big@one --filter 'cat $increment; cat >/dev/null' >'$BATS_TEST_TMPDIR/out'"
  [[ "$output" == *"is of another snapshot"* ]]
  run -4 zfs2s3-inspect <"$BATS_TEST_TMPDIR/out"
}
