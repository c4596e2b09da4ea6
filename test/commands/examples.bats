# examples/, as people copy them.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }

setup() {
  fresh
  export pool=$BATS_TEST_TMPDIR/pool top LOCK=$BATS_TEST_TMPDIR/lock PATH=$BATS_TEST_TMPDIR/bin:$PATH
  mkdir -p "$pool" "$BATS_TEST_TMPDIR/bin"
  # A pool of empty snapshots: $pool/snapshots has their names and GUIDs, $pool/holds tags and names, $pool/log what was run.
  cat >"$BATS_TEST_TMPDIR/bin/zfs" <<'EOF'
#!/usr/bin/env bash
echo "$*" >>"$pool/log"
last=${!#}
guid() { awk -F'\t' -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }' "$pool/snapshots"; }
touch "$pool/snapshots" "$pool/holds"
case $1 in
  list) [ ! -e "$pool/broken" ] && cut -f 1 "$pool/snapshots" | grep -F "$last@" || [ ! -e "$pool/broken" ] ;;
  get) guid "$last" ;;
  snapshot) printf '%s\t%s\n' "$last" "$((1000 + $(wc -l <"$pool/snapshots")))" >>"$pool/snapshots" ;;
  hold) printf '%s\t%s\n' "$last" "$2" >>"$pool/holds" ;;
  holds) grep -F "$last" "$pool/holds" || true ;;
  release) grep -vF "$last" "$pool/holds" >"$pool/holds.new"; mv "$pool/holds.new" "$pool/holds" ;;
  send)
    case $* in *' -n'*) exit 1 ;; esac
    base=$(sed -n 's/.* -i \([^ ]*\) .*/\1/p' <<<"$*")
    to=$(guid "$last") || exit 1
    exec node "$top/dist-test/commands/small-stream.js" "$last" "$to" ${base:+"$(guid "$base")"}
    ;;
  *) exit 1 ;;
esac
EOF
  chmod +x "$BATS_TEST_TMPDIR/bin/zfs"
}

# nightly: a night later.
nightly() {
  "$top/examples/zfs2s3-nightly" tank/home
}

# night N: what date says from now on, so that snapshots have different names.
night() {
  printf '#!/bin/sh\necho 2026010%sT023000Z\n' "$1" >"$BATS_TEST_TMPDIR/bin/date"
  chmod +x "$BATS_TEST_TMPDIR/bin/date"
}

at() { echo "tank/home@zfs2s3-2026010$1T023000Z"; }

@test "nightly: in full, then increments, each held until the next is stored; nothing is destroyed" {
  night 1
  run -0 --separate-stderr nightly
  [ "$output" = "" ]
  [ "$stderr" = "zfs2s3-nightly: tank/home has no snapshot that is stored: sending all of it" ]
  night 2
  run -0 --separate-stderr nightly
  [ "$output$stderr" = "" ]
  night 3
  nightly
  [ "$(keys)" = "$(printf '%s\n' "$(at 1)" "$(at 2) <- $(at 1)" "$(at 3) <- $(at 2)")" ]
  [ "$(cut -f 1 "$pool/holds")" = "$(at 3)" ]
  run ! grep -q destroy "$pool/log"
}

@test "nightly: an upload that was interrupted is finished first, and is the base of the next" {
  night 1
  nightly
  night 2
  s3 POST faults "{\"operation\":\"UploadPart\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"hold\",\"name\":\"stop\"}"
  setsid "$top/examples/zfs2s3-nightly" tank/home 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  local pid=$! status=0
  s3 GET "wait?held=stop"
  kill -TERM -- "-$pid"
  wait "$pid" || status=$?
  [ "$status" -ne 0 ]
  # The command itself may still be taking leave.
  for _ in $(seq 100); do zfs2s3-pending | grep -q uploading && ! pgrep -s "$pid" >/dev/null && break; sleep 0.1; done
  night 3
  run -0 --separate-stderr nightly
  [[ "$stderr" == "zfs2s3-nightly: going on with $(at 2)"* ]]
  [ "$(keys)" = "$(printf '%s\n' "$(at 1)" "$(at 2) <- $(at 1)" "$(at 3) <- $(at 2)")" ]
}

@test "nightly: what fails is said, ends with 1, and is tried again the next night from the newest that is stored" {
  night 1
  nightly
  night 2
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 run -1 --separate-stderr timeout 60 "$top/examples/zfs2s3-nightly" tank/home
  [[ "$stderr" == *"zfs2s3-nightly: not stored: tank/home" ]] || [[ "$stderr" == *"could not be finished"* ]]
  night 3
  nightly
  keys | grep -qx "$(at 3) <- $(at 1)"
}

@test "nightly: a zfs or a catalog that can't be asked is not an empty one" {
  night 1
  nightly
  night 2
  touch "$pool/broken"
  run -1 --separate-stderr nightly
  rm "$pool/broken"
  echo nonsense >"$(catalog)"
  run -1 --separate-stderr nightly
  [ "$(keys)" = "$(at 1)" ]
}

@test "nightly: never two at once, and no dataset is wrong usage" {
  run -2 "$top/examples/zfs2s3-nightly"
  exec 8>"$LOCK"
  flock 8
  run -0 --separate-stderr nightly
  [ "$stderr" = "zfs2s3-nightly: another run is at work" ]
  [ "$(keys)" = "" ]
}

@test "check_zfs2s3: none, new, old, and a catalog that can't be read" {
  check() { run "$top/examples/check_zfs2s3" "$@"; }
  check tank/chain
  [ "$status" -eq 2 ]
  put_chain 2 >/dev/null
  local hours=$((($(date +%s) - $(date +%s -d "$(zfs2s3-graph | jq -rs 'map(.created) | max')")) / 3600))
  check tank/chain $((hours + 2)) $((hours + 3))
  [ "$status" -eq 0 ]
  [[ "$output" == "ZFS2S3 OK - tank/chain was last backed up $hours hours ago | age="* ]]
  check tank/chain "$hours" $((hours + 3))
  [ "$status" -eq 1 ]
  check tank/chain "$hours" "$hours"
  [ "$status" -eq 2 ]
  check tank/other
  [ "$status" -eq 2 ]
  check
  [ "$status" -eq 3 ]
  echo nonsense >"$(catalog)"
  check tank/chain
  [ "$status" -eq 3 ]
}

@test "systemd takes the units" {
  needs systemd-analyze
  cp "$top"/examples/*.service "$top"/examples/*.timer "$BATS_TEST_TMPDIR"
  # The program isn't installed where the unit says, on the machine that tests.
  sed -i 's,/usr/local/sbin/zfs2s3-nightly,/bin/true,; s,/usr/sbin/sendmail,/bin/true,' "$BATS_TEST_TMPDIR"/*.service
  cd "$BATS_TEST_TMPDIR"
  run systemd-analyze verify ./zfs2s3-nightly.service ./zfs2s3-nightly.timer
  [ "$status" -eq 0 ]
  [ "$output" = "" ]
}

@test "S3 takes the lifecycle rule" {
  needs_own_bucket "its lifecycle rules are replaced"
  jq -e '.Rules[0].AbortIncompleteMultipartUpload.DaysAfterInitiation > 7' "$top/examples/lifecycle.json"
  needs aws
  aws s3api put-bucket-lifecycle-configuration --bucket zfs2s3 --lifecycle-configuration "file://$top/examples/lifecycle.json"
}
