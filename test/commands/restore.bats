# restore: plan, then get | zfs receive for each stream. The zfs here is test/commands/fake-target; with a real one see zfs.bats.
load helper

setup_file() {
  start_s3 --restore-ms 0
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/stored ZFS2S3_PREFIX=${root}stored/
  put_chain 6
  put_fixture chain-1-4
}
teardown_file() { stop_s3; }

setup() {
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/stored ZFS2S3_PREFIX=${root}stored/
  mkdir "$ZFS2S3_DATA_DIR"
  cp "$BATS_FILE_TMPDIR/stored/stored_snapshots.yml" "$ZFS2S3_DATA_DIR"
  export zfs_target=$BATS_TEST_TMPDIR/zfs
  mkdir -p "$zfs_target/datasets" "$BATS_TEST_TMPDIR/bin"
  ln -s "$BATS_TEST_DIRNAME/fake-target" "$BATS_TEST_TMPDIR/bin/zfs"
  export PATH=$BATS_TEST_TMPDIR/bin:$PATH
  touch "$zfs_target/log"
  guid=$(jq -r '[.streams[] | select(.snapshot | startswith("tank/chain@day")) | {key: .snapshot, value: .guid}] | from_entries' \
    "$fixtures/manifest.json")
}

# there DAY...: pool/home has these days; own is a snapshot that is not stored.
there() {
  local day
  mkdir -p "$zfs_target/datasets/pool/home"
  for day; do
    printf '%s\t%s\n' "$day" "$(jq -r --arg day "tank/chain@$day" '.[$day] // "7"' <<<"$guid")"
  done >"$zfs_target/datasets/pool/home/snapshots"
}

# has DATASET: its snapshots in order.
has() {
  [ ! -e "$zfs_target/datasets/$1/snapshots" ] || cut -f 1 "$zfs_target/datasets/$1/snapshots" | paste -sd' '
}

# receives: how zfs receive was run.
receives() {
  grep '^zfs receive' "$zfs_target/log" || true
}

restore() {
  run --separate-stderr zfs2s3 restore "$@"
}

# running PROCESS...: those of them that are.
running() {
  ps -o pid= -p "$*" || true
}

@test "a snapshot is restored along the cheapest path, and nothing is said when all is well" {
  restore tank/chain@day5 pool/home
  [ "$status" -eq 0 ]
  [ "$output" = "" ]
  [ "$stderr" = "" ]
  [ "$(has pool/home)" = "day1 day4 day5" ]
  cmp "$zfs_target/received.0" "$fixtures/chain-1.zs"
  cmp "$zfs_target/received.1" "$fixtures/chain-1-4.zs"
  cmp "$zfs_target/received.2" "$fixtures/chain-4-5.zs"
  [ "$(receives | sort -u)" = "zfs receive -s -u pool/home" ]
}

@test "the shell lines that -n prints do the same, and -n itself receives nothing and asks S3 nothing" {
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 restore -n tank/chain@day5 pool/home
  [ "$status" -eq 0 ]
  [ "$output" = "zfs2s3-get tank/chain@day1 | zfs receive -s -u pool/home
zfs2s3-get tank/chain@day4 --base tank/chain@day1 | zfs receive -s -u pool/home
zfs2s3-get tank/chain@day5 --base tank/chain@day4 | zfs receive -s -u pool/home" ] || {
    # day1 has one stream, so that its name is enough.
    echo "$output"
    false
  }
  [ "$stderr" = "" ]
  [ "$(receives)" = "" ]
  bash -o pipefail -ec "$output"
  [ "$(has pool/home)" = "day1 day4 day5" ]
}

@test "a full stream beside an increment to the same snapshot is given to get as a record" {
  sed -i '/"stored.tank.chain@day3 <- /{p;s/base: !SnapshotDto {[^}]*}/base: null/;s/day3 <- tank.chain@day2"/day3 copy"/;s/"bytes":15920/"bytes":1/}' \
    "$(catalog)"
  restore -n tank/chain@day3 "pool/a b" --bucket "$ZFS2S3_BUCKET"
  [ "$status" -eq 0 ]
  [[ "$output" == "echo '{\"snapshot\":\"tank/chain@day3\","*"\"base\":null,"*"}' | zfs2s3-get --bucket $ZFS2S3_BUCKET | zfs receive -s -u 'pool/a b'" ]]
}

@test "with -v, and at a terminal, each pipeline is said on stderr" {
  restore -v tank/chain@day2 pool/home
  [ "$output" = "" ]
  [ "$stderr" = "zfs2s3-get tank/chain@day1 | zfs receive -s -u pool/home
zfs2s3-get tank/chain@day2 --base tank/chain@day1 | zfs receive -s -u pool/home" ]
  run at_terminal "zfs2s3 restore tank/chain@day3 pool/home"
  [[ "$output" == *"zfs2s3-get tank/chain@day3 --base tank/chain@day2 | zfs receive -s -u pool/home"* ]]
}

@test "what the target has is left out" {
  there day1 day2
  restore tank/chain@day4 pool/home
  [ "$status" -eq 0 ]
  # Not over the bypass, which starts from a snapshot that is not the newest.
  [ "$(has pool/home)" = "day1 day2 day3 day4" ]
  : >"$zfs_target/log"
  restore tank/chain@day2 pool/home
  [ "$status" -eq 0 ]
  [ "$(receives)" = "" ]
}

@test "an older copy below the target is not the target" {
  there day4
  restore tank/chain@day4 pool
  [ "$status" -eq 3 ]
  [[ "$stderr" == "zfs2s3 restore: pool is there and has no snapshot that a stream could go onto: "* ]]
  mkdir -p "$zfs_target/datasets/new"
  mv "$zfs_target/datasets/pool/home" "$zfs_target/datasets/new/below"
  there day1
  mv "$zfs_target/datasets/new/below" "$zfs_target/datasets/pool/home/below"
  restore tank/chain@day4 pool/home
  [ "$status" -eq 0 ]
  [ "$(has pool/home)" = "day1 day4" ]
}

@test "with zfs receive -d and -e it is the dataset below the target that counts" {
  mkdir -p "$zfs_target/datasets/pool"
  there day1
  mv "$zfs_target/datasets/pool/home" "$zfs_target/datasets/pool/chain"
  local flag
  for flag in -d '-s -ue'; do
    restore -n tank/chain@day2 pool --receive "$flag"
    [ "$output" = "zfs2s3-get tank/chain@day2 --base tank/chain@day1 | zfs receive $flag pool" ]
  done
  ZFS2S3_RECEIVE_FLAGS='-d' restore -n tank/chain@day2 pool
  [ "$output" = "zfs2s3-get tank/chain@day2 --base tank/chain@day1 | zfs receive -d pool" ]
}

@test "a newer snapshot on the target is never rolled back, unless that is asked for" {
  there day1 own
  restore tank/chain@day4 pool/home
  [ "$status" -eq 3 ]
  [[ "$stderr" == "zfs2s3 restore: no stored stream on the way to tank/chain@day4 goes onto the newest snapshot that is there: "* ]]
  [ "$(receives)" = "" ]
  restore tank/chain@day4 pool/home --force-rollback
  [ "$status" -eq 0 ]
  [ "$(receives)" = "zfs receive -s -u -F pool/home" ]
  [ "$(has pool/home)" = "day1 day4" ]
}

@test "a dataset without snapshots is not overwritten, unless that is asked for" {
  mkdir -p "$zfs_target/datasets/pool/home"
  restore tank/chain@day1 pool/home
  [ "$status" -eq 3 ]
  [ "$(receives)" = "" ]
  restore tank/chain@day1 pool/home -F
  [ "$status" -eq 0 ]
  [ "$(has pool/home)" = "day1" ]
}

# killed SIGNAL: restores a stream of 12 MB, and is sent the signal when zfs receive has read the first bytes of it.
killed() {
  local ended=0 restore
  mkfifo "$BATS_TEST_TMPDIR/go"
  cat >"$zfs_target/receive" <<'END'
    { head -c 1000; echo $$ >"$BATS_TEST_TMPDIR/receiver"; cat "$BATS_TEST_TMPDIR/go" >/dev/null; cat; } >"$zfs_target/torn"
    exit 1
END
  zfs2s3 restore tank/big@one pool/home 2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
  restore=$!
  until [ -s "$BATS_TEST_TMPDIR/receiver" ]; do sleep 0.05; done
  kill -"$1" "$restore"
  echo go >"$BATS_TEST_TMPDIR/go"
  wait "$restore" || ended=$?
  [ "$ended" -eq "$2" ]
  while [ "$(running "$(<"$BATS_TEST_TMPDIR/receiver")")" != "" ]; do sleep 0.05; done
  run -4 zfs2s3-inspect <"$zfs_target/torn"
  restore tank/big@one pool/home
  [ "$status" -eq 0 ]
  cmp "$zfs_target/received.0" "$fixtures/big-full.zs"
}

@test "after kill -9 zfs receive ends without having seen a whole stream, and the next restore completes" {
  fresh
  put_fixture big-full
  killed KILL 137
}

@test "so it does after SIGTERM, which waits for it and says how to go on" {
  fresh
  put_fixture big-full
  killed TERM 143
  [ "$(<"$BATS_TEST_TMPDIR/stderr")" = "zfs2s3 restore: tank/big@one (full) was not received: run the same command again to go on" ]
}

@test "a restore that failed goes on with the stream that it failed at" {
  there day1
  echo 'head -c 1000 >/dev/null; exit 1' >"$zfs_target/receive"
  restore tank/chain@day5 pool/home
  [ "$status" -eq 1 ]
  restore tank/chain@day5 pool/home
  [ "$status" -eq 0 ]
  [ "$(has pool/home)" = "day1 day4 day5" ]
}

# token_of NAME OBJECT OFFSET: what zfs receive -s leaves when it is interrupted there in a recorded stream.
token_of() {
  node --input-type=module -e "
    import { readFileSync } from 'node:fs'
    import { StreamParser } from '$top/dist/stream/parser.js'
    import { encodeToken, tokenFacts } from '$top/dist/stream/token.js'
    const parser = new StreamParser()
    parser.push(readFileSync('$fixtures/$1.zs'))
    console.log(encodeToken(tokenFacts(parser.end().substreams[0], { object: '$2', offset: '$3' }, 0)))"
}

@test "where zfs receive -s was interrupted, it goes on from its token, and then with the rest of the plan" {
  local token
  token=$(<"$fixtures/resumed-t.token")
  fresh
  put_fixture res-full
  mkdir -p "$zfs_target/datasets/pool/home"
  echo "$token" >"$zfs_target/datasets/pool/home/token"
  restore -n tank/res@one pool/home
  [ "$output" = "zfs2s3-get tank/res@one --continue $token | zfs receive -s -u pool/home" ]
  restore tank/res@one pool/home
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [ "$(jq -r .kind "$zfs_target/received.0.facts")" = resumed ]
  zfs2s3-get tank/res@one --continue "$token" | cmp - "$zfs_target/received.0"
}

# restored_through_kills SNAPSHOT MOST: restores it into a zfs receive -s whose feeder is killed at random six times, each
# after MOST bytes at most; sixty times after a tenth of that with ZFS2S3_TEST_LONG=1.
restored_through_kills() {
  local turns=6 turn signal receiver
  [ "${ZFS2S3_TEST_LONG:-}" != 1 ] || turns=60
  RANDOM=${ZFS2S3_TEST_SEED:-1}
  for ((turn = 0; turn < turns; turn++)); do
    signal=KILL
    ((turn % 3)) || signal=TERM
    echo "$(((RANDOM * 32768 + RANDOM) % ($2 * 6 / turns))) $signal" >>"$zfs_target/kills"
  done
  for ((turn = 0; turn <= 2 * turns; turn++)); do
    restore "$1" pool/home
    # A receiver whose feeder was killed reads to its end.
    receiver=$(cat "$zfs_target/receiver")
    while [ "$(running "$receiver")" != "" ]; do sleep 0.05; done
    [ "$status" -ne 0 ] || break
    [ "$status" -eq 137 ] || [ "$status" -eq 143 ]
  done
  [ "$status" -eq 0 ]
  echo "# received in $(receives | wc -l) turns" >&3
}

@test "killed at random again and again, it goes on from what zfs receive -s has kept, and what is there in the end is what was stored" {
  fresh
  put_fixture big-full
  restored_through_kills tank/big@one 4000000
  cmp "$zfs_target/whole.0" "$fixtures/big-full.zs"
  [ "$(receives | wc -l)" -gt 3 ]
  # Not from the start each time.
  [ "$(wc -c <"$zfs_target/came.last")" -lt "$(wc -c <"$fixtures/big-full.zs")" ]
}

@test "so it does in a chain" {
  fresh
  put_chain 4
  restored_through_kills tank/chain@day4 20000
  [ "$(has pool/home)" = "day1 day2 day3 day4" ]
  cmp "$zfs_target/whole.0" "$fixtures/chain-1.zs"
  local day
  for day in 1 2 3; do cmp "$zfs_target/whole.$day" "$fixtures/chain-$day-$((day + 1)).zs"; done
}

@test "what was begun is finished first, also if the plan would have gone another way" {
  there day1
  token_of chain-1-2 0 0 >"$zfs_target/datasets/pool/home/token"
  restore -n tank/chain@day4 pool/home
  [ "$(cut -d' ' -f 2 <<<"$output" | paste -sd' ')" = "tank/chain@day2 tank/chain@day3 tank/chain@day4" ]
  [[ "${lines[0]}" == *" --continue 1-"* ]]
  [[ "${lines[1]}" != *" --continue "* ]]
}

@test "a part of something that is not stored is not touched" {
  there day1
  cp "$fixtures/resumed-t.token" "$zfs_target/datasets/pool/home/token"
  restore tank/chain@day2 pool/home
  [ "$status" -eq 3 ]
  [[ "$stderr" == *"pool/home holds a part of tank/res@one (GUID 6856731107730645516)"*"zfs receive -A pool/home" ]]
  [ "$(receives)" = "" ]
}

@test "a damaged stream is never received: get ends with 4, and zfs receive sees no end" {
  fresh
  put_fixture chain-1
  put_fixture chain-1-2
  s3 POST objects "{\"bucket\":\"$ZFS2S3_BUCKET\",\"key\":\"${ZFS2S3_PREFIX}tank/chain@day2 <- tank/chain@day1\",\"flipBit\":10000}"
  restore tank/chain@day2 pool/home
  [ "$status" -eq 4 ]
  [ "$(has pool/home)" = "day1" ]
  run -4 zfs2s3-inspect <"$zfs_target/received.1"
}

@test "an object that is gone, or another one, is noticed before anything is received" {
  fresh
  put_chain 3
  in_bucket delete "tank/chain@day3 <- tank/chain@day2"
  restore tank/chain@day3 pool/home
  [ "$status" -eq 3 ]
  [[ "$stderr" == *"'${ZFS2S3_PREFIX}tank/chain@day3 <- tank/chain@day2' is not in bucket"* ]]
  in_bucket put "tank/chain@day3 <- tank/chain@day2"
  restore tank/chain@day3 pool/home
  [ "$status" -eq 4 ]
  [ "$(receives)" = "" ]
}

@test "archived objects are noticed before anything is received, and all of them can be thawed at once" {
  fresh
  put_chain 3
  s3 POST objects "{\"bucket\":\"$ZFS2S3_BUCKET\",\"key\":\"${ZFS2S3_PREFIX}tank/chain@day2 <- tank/chain@day1\",\"storageClass\":\"DEEP_ARCHIVE\"}"
  s3 POST objects "{\"bucket\":\"$ZFS2S3_BUCKET\",\"key\":\"${ZFS2S3_PREFIX}tank/chain@day3 <- tank/chain@day2\",\"storageClass\":\"GLACIER\"}"
  restore tank/chain@day3 pool/home
  [ "$status" -eq 5 ]
  [[ "$stderr" == "zfs2s3 restore: 2 of 3 streams are archived or still being thawed, such as "*": thaw them first: zfs2s3-plan tank/chain@day3 | zfs2s3-thaw --wait" ]]
  [ "$(receives)" = "" ]
  bash -c "${stderr##*first: }" >"$BATS_TEST_TMPDIR/thawed"
  restore tank/chain@day3 pool/home
  [ "$status" -eq 0 ]
  [ "$(has pool/home)" = "day1 day2 day3" ]
}

@test "what went through a filter needs one, and only that goes through it" {
  fresh
  put_fixture chain-1
  put_fixture chain-1-2 --filter 'gzip -1'
  restore tank/chain@day2 pool/home
  [ "$status" -eq 2 ]
  [[ "$stderr" == *"tank/chain@day2 <- tank/chain@day1 was stored through the filter: gzip -1: "* ]]
  [ "$(receives)" = "" ]
  restore -v tank/chain@day2 pool/home --filter 'gzip -d'
  [ "$status" -eq 0 ]
  [ "$stderr" = "zfs2s3-get tank/chain@day1 | zfs receive -s -u pool/home
zfs2s3-get tank/chain@day2 --base tank/chain@day1 --filter 'gzip -d' | zfs receive -s -u pool/home" ]
  cmp "$zfs_target/received.1" "$fixtures/chain-1-2.zs"
}

@test "a zfs receive that fails ends the restore, whenever it does" {
  local script
  for script in 'exit 3' 'head -c 5000 >/dev/null; exit 3' 'cat >/dev/null; exit 3'; do
    echo "$script" >"$zfs_target/receive"
    restore tank/chain@day1 pool/home
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"'zfs receive -s -u pool/home' ended with status 3"* ]]
    [ "$(has pool/home)" = "" ]
  done
}

@test "a zfs receive that leaves early or receives nothing, and says that all is well, is not believed" {
  fresh
  put_fixture big-full
  echo 'head -c 5000 >/dev/null; exit 0' >"$zfs_target/receive"
  restore tank/big@one pool/home
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"ended before it had read all of tank/big@one (full)"* ]]
  echo 'cat >/dev/null' >"$zfs_target/receive"
  restore tank/big@one pool/home
  [ "$status" -eq 1 ]
  [[ "$stderr" == *"pool/home has no snapshot with the GUID "* ]]
}

@test "what zfs receive says on stdout is no data" {
  cat >"$zfs_target/receive" <<'END'
    cat >/dev/null
    echo received 75K stream
    mkdir -p "$zfs_target/datasets/pool/home"
    printf 'day1\t8780626225864181396\n' >"$zfs_target/datasets/pool/home/snapshots"
END
  restore tank/chain@day1 pool/home
  [ "$status" -eq 0 ]
  [ "$output" = "" ]
  [ "$stderr" = "received 75K stream" ]
}

@test "a snapshot that is not stored, and a hole in the chain, are refused" {
  restore tank/chain@never pool/home
  [ "$status" -eq 3 ]
  sed -i '/"stored.tank.chain@day1"/d' "$(catalog)"
  restore tank/chain@day5 pool/home
  [ "$status" -eq 3 ]
  [[ "$stderr" == *"no path leads to tank/chain@day5: there is no stored stream of tank/chain@day1, which "* ]]
}

@test "without zfs it says so; wrong usage is 2" {
  PATH=$(path_without zfs) restore tank/chain@day1 pool/home
  [ "$status" -eq 1 ]
  says "there is no zfs command on this machine"
  run -2 zfs2s3 restore
  run -2 zfs2s3 restore tank/chain@day1
  run -2 zfs2s3 restore tank/chain@day1 pool/home@day1
  run -2 zfs2s3 restore tank/chain@day1 pool/home --prefer speed
}
