# Saying how far a command is: on a terminal, for machines, and when it is asked by SIGUSR1.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

# slowly: all bodies at 4 MiB a second from now on, so that the stream of 11 MiB takes three.
slowly() { s3 POST settings '{"bytesPerSecond": 4194304}'; }

teardown() { [ -n "$root" ] || s3 POST settings '{"bytesPerSecond": 0}' >/dev/null; }

# shown: what a terminal has been sent in the last run, with its control characters made visible.
shown() { printf '%s' "$output" | sed 's/\x1b\[J/<erase>/g'; }

# records: the progress records on stderr of the last run.
records() { grep '^{' <<<"$stderr"; }

big_bytes=$(stat -c %s "$fixtures/big-full.zs")

@test "at a terminal put says bytes, share, rate, time left and parts in one line, and takes it away" {
  slowly
  run -0 at_terminal "zfs2s3-put --part-size 5M --concurrency 1 --size $big_bytes <$fixtures/big-full.zs >$BATS_TEST_TMPDIR/out"
  [[ "$(shown)" =~ stored\ 5\.0\ MiB\ of\ 1[0-9.]+\ MiB,\ 4.%,\ [0-9.]+\ [KM]iB/s,\ 0:[0-9][0-9]\ left,\ 1\ part ]]
  [[ "$(shown)" == *"<erase>" ]]
  [[ "$(shown)" != *$'\n'* ]]
  jq -e .snapshot "$BATS_TEST_TMPDIR/out"
}

@test "the line is never longer than the terminal, whose width may change meanwhile" {
  local line
  s3 POST faults '{"operation":"UploadPart","partNumber":2,"do":"hold","name":"resize"}'
  cat >"$BATS_TEST_TMPDIR/resize" <<EOF
curl -sSf "$AWS_ENDPOINT_URL_S3/-/wait?held=resize" >/dev/null
sleep 1
stty cols 20 </dev/tty
sleep 1
curl -sSf -X POST "$AWS_ENDPOINT_URL_S3/-/release?held=resize" >/dev/null
EOF
  run -0 at_terminal "stty cols 40; sh $BATS_TEST_TMPDIR/resize & \
    zfs2s3-put --part-size 5M --size $big_bytes <$fixtures/big-full.zs >$BATS_TEST_TMPDIR/out"
  shown | sed 's/<erase>/\n/g' >"$BATS_TEST_TMPDIR/lines"
  [ "$(wc -L <"$BATS_TEST_TMPDIR/lines")" -le 39 ]
  grep -qE '^.{21,39}$' "$BATS_TEST_TMPDIR/lines"
  line=$(grep stored "$BATS_TEST_TMPDIR/lines" | tail -n 1)
  [ "${#line}" -le 19 ]
}

@test "an error has the line to itself" {
  put_fixture big-full >/dev/null
  altered tank/big@one '{"flipBit": 8000000}'
  slowly
  run -4 at_terminal "zfs2s3-get --concurrency 1 tank/big@one | cat >/dev/null; exit \${PIPESTATUS[0]}"
  [[ "$(shown)" =~ "read "[0-9.]+\ MiB\ of\ 1 ]]
  [[ "$(shown)" == *"<erase>zfs2s3-get: the stream is damaged at byte 8,017,296, "* ]]
  [ "$(shown | wc -l)" -eq 0 ]
}

@test "after Ctrl-C nothing of it is left but what there is to say" {
  s3 POST faults '{"operation":"UploadPart","partNumber":2,"do":"hold","name":"ctrl-c"}'
  (
    s3 GET "wait?held=ctrl-c"
    sleep 1
    kill -INT "$(cat "$BATS_TEST_TMPDIR/pid")"
  ) 3>&- &
  run at_terminal "sh -c 'echo \$\$ >$BATS_TEST_TMPDIR/pid; exec zfs2s3-put --part-size 5M --concurrency 1' <$fixtures/big-full.zs"
  wait
  [ "$status" -eq 130 ]
  [[ "$(shown)" == *"stored 5.0 MiB, "*"<erase>zfs2s3-put: the upload of tank/big@one is pending"* ]]
}

@test "--progress json: a record a second on stderr, and a final one" {
  slowly
  run -0 --separate-stderr zfs2s3-put --progress json --part-size 5M --size "$big_bytes" <"$fixtures/big-full.zs"
  [ "$(records)" = "$stderr" ]
  [ "$(records | head -n 1 | jq -c keys)" = \
    '["bytes","event","final","parts","rate","seconds_left","streams","streams_done","total","what"]' ]
  [ "$(records | wc -l)" -le 6 ]
  [ "$(records | jq -s "all(.event == \"progress\" and .what == \"tank/big@one (full)\" and .total == $big_bytes)")" = true ]
  [ "$(records | jq -c '.final' | sort | uniq -c | tail -n 1 | xargs)" = "1 true" ]
  [ "$(records | tail -n 1 | jq -c '[.bytes, .parts, .seconds_left, .final]')" = "[$big_bytes,3,0,true]" ]

  stderr=$(zfs2s3-get --progress json tank/big@one 2>&1 >/dev/null)
  [ "$(records | tail -n 1 | jq -c '[.bytes, .total, .parts]')" = "[$big_bytes,$big_bytes,null]" ]
  run -0 --separate-stderr zfs2s3-verify --progress json tank/big@one
  [ "$(records | tail -n 1 | jq -c '[.what, .bytes, .total, .streams_done]')" = "[\"tank/big@one (full)\",$big_bytes,$big_bytes,1]" ]
}

@test "through a filter it counts the bytes of the stream itself, which --size is about" {
  run -0 --separate-stderr zfs2s3-put --progress json --filter 'head -c 100; cat >/dev/null' --size "$big_bytes" \
    <"$fixtures/big-full.zs"
  [ "$(records | tail -n 1 | jq -c '[.bytes, .total, .parts]')" = "[$big_bytes,$big_bytes,1]" ]
}

@test "a resumed upload counts what S3 has already" {
  interrupted big-full
  run -0 --separate-stderr zfs2s3-put --resume --progress json <"$fixtures/big-full.zs"
  [ "$(records | tail -n 1 | jq -c '[.bytes, .parts]')" = "[$big_bytes,3]" ]
}

@test "verify says which stream of how many, and its records are not mixed with the line" {
  put_fixture big-full >/dev/null
  put_chain 2 >/dev/null
  slowly
  run -0 at_terminal "zfs2s3-graph | zfs2s3-verify --concurrency 1"
  [[ "$(shown)" =~ stream\ [123]\ of\ 3,\ verified\ [0-9.]+\ MiB\ of\ 1[0-9.]+\ MiB ]]
  shown | sed 's/.*<erase>//' | grep '{' | jq -es 'length == 3 and all(.result == "ok")'
}

@test "thaw --wait says how many are ready" {
  put_chain 2 >/dev/null
  altered tank/chain@day1 '{"storageClass": "GLACIER"}'
  s3 POST settings '{"restoreMs": 1500}'
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-thaw --wait --poll 1s --progress json
  [ "$(records | tail -n 1 | jq -c '[.bytes, .streams_done, .streams, .final]')" = '[null,2,2,true]' ]
  [ "$(records | jq -s 'any(.streams_done == 1)')" = true ]
  altered 'tank/chain@day2 <- tank/chain@day1' '{"storageClass": "GLACIER"}'
  run -0 at_terminal "zfs2s3-graph | zfs2s3-thaw --wait --poll 1s"
  [[ "$(shown)" == *"1 of 2 streams ready, waiting for 0:0"* ]]
  shown | sed 's/.*<erase>//' | grep '{' | jq -es 'length == 2'
}

@test "restore says which stream of how many, over all of them" {
  put_chain 3 >/dev/null
  export zfs_target=$BATS_TEST_TMPDIR/target PATH=$BATS_TEST_TMPDIR/bin:$PATH
  mkdir -p "$zfs_target" "$BATS_TEST_TMPDIR/bin"
  cp "$BATS_TEST_DIRNAME/fake-target" "$BATS_TEST_TMPDIR/bin/zfs"
  run -0 --separate-stderr zfs2s3 restore tank/chain@day3 pool/home --progress json
  local all
  all=$(zfs2s3-graph | jq -s 'map(.bytes) | add')
  [ "$(records | tail -n 1 | jq -c '[.what, .bytes, .total, .streams_done, .streams]')" = "[null,$all,$all,3,3]" ]
  [ "$(records | jq -s 'map(select(.final)) | length')" -eq 1 ]
}

@test "SIGUSR1 makes it say one line, though stderr is piped, and go on" {
  put_in_background big-full --size "$big_bytes"
  kill -USR1 "$put_pid"
  for _ in $(seq 100); do [ -s "$BATS_TEST_TMPDIR/put.err" ] && break; sleep 0.05; done
  [ "$(wc -l <"$BATS_TEST_TMPDIR/put.err")" -eq 1 ]
  [[ "$(<"$BATS_TEST_TMPDIR/put.err")" == "zfs2s3-put: stored 5.0 MiB of 1"*" MiB, 4"*"%, "*", 1 part" ]]
  s3 POST "release?held=$BATS_TEST_NUMBER"
  put_ends_with 0
}

# hears_usr1 PID: waits until the process has a handler for SIGUSR1, which is the tenth bit of the signals that it catches.
hears_usr1() {
  until grep -qi '^SigCgt:.*[2367abef]..$' "/proc/$1/status"; do sleep 0.05; done
}

@test "SIGUSR1 ends no command, whatever it waits for" {
  [ -e /proc/self/status ] || skip "there is no /proc to see what signals a process catches"
  local name pid
  for name in get check rm verify thaw inspect import; do
    command -v "zfs2s3-$name" >/dev/null || continue
    mkfifo "$BATS_TEST_TMPDIR/$name"
    "zfs2s3-$name" <"$BATS_TEST_TMPDIR/$name" >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
    pid=$!
    exec 9>"$BATS_TEST_TMPDIR/$name"
    hears_usr1 "$pid"
    kill -USR1 "$pid"
    exec 9>&-
    wait "$pid" || [ $? -le 4 ]
  done
}

@test "another --progress is status 2" {
  run -2 --separate-stderr zfs2s3-get tank/chain@day1 --progress bar
  says "zfs2s3-get: --progress is 'bar': give line or json or none"
}

@test "upload asks zfs how long the stream will be, if that is shown" {
  fake_zfs
  sed -i "s,^case ,[[ \"\$*\" == 'send -nP'* ]] \&\& { printf 'full\\\\ttank/big@one\\\\t5000000\\\\nsize\\\\t5000000\\\\n'; exit; }\n&," \
    "$BATS_TEST_TMPDIR/bin/zfs"
  run -0 --separate-stderr zfs2s3 upload tank/big@one --progress json
  [ "$(records | tail -n 1 | jq -c '[.bytes, .total]')" = "[$big_bytes,5000000]" ]
  grep -qx 'send -nP --raw tank/big@one' "$zfs_log"
  zfs2s3 upload tank/chain@day1
  run ! grep -q 'send -nP.*day1' "$zfs_log"
}

@test "a zfs that can't say how long is none the worse" {
  fake_zfs
  sed -i "s,^case ,[[ \"\$*\" == 'send -nP'* ]] \&\& fail\n&," "$BATS_TEST_TMPDIR/bin/zfs"
  run -0 --separate-stderr zfs2s3 upload tank/chain@day1 --progress json
  [ "$(records | tail -n 1 | jq .total)" = null ]
}
