# A month of daily backups becomes one, as a policy says, with a real ZFS: the second example of the Python tool's README.
load helper
load zfs

setup_file() {
  start_zfs || return 0
  start_s3
  zfs create "$pool/home"
}

teardown_file() {
  stop_zfs
  stop_s3
}

setup() {
  needs_zfs
  needs jq
  fresh
}

# graph: what is stored, as if each snapshot had been taken on the day that it is named after.
graph() {
  zfs2s3-graph | jq -c '.created = (.snapshot | split("@")[1]) + "T03:00:00Z"'
}

# stored: the ends of what is stored, as 01-31<01-01.
stored() {
  zfs2s3-graph | jq -r '.snapshot[-5:] + (if .base then "<" + .base[-5:] else "" end)' | sort | paste -sd' '
}

@test "a month of daily increments: bypasses are stored as proposed, the rest is let go, and what was kept comes back" {
  local policy="--keep-daily 2 --keep-monthly 12 --utc" home=$BATS_FILE_TMPDIR/mnt/home previous= day kept
  for n in $(seq 0 32); do
    day=$(date -u -d "2026-01-01 + $n days" +%F)
    head -c 20000 /dev/urandom >"$home/of $day"
    [ "$previous" = "" ] || rm "$home/of $previous"
    echo "$day" >>"$home/diary"
    take_snapshot "$day"
    zfs send ${previous:+-i "@$previous"} "$pool/home@$day" | zfs2s3-put >>"$BATS_TEST_TMPDIR/edges"
    previous=$day
  done
  run -0 --separate-stderr bats_pipe graph \| zfs2s3-retain $policy
  [ "$output" = "" ]
  [[ "$stderr" == "zfs2s3-retain: held only because kept snapshots need them: 29 streams, "* ]]

  graph | zfs2s3-retain $policy --bypasses --local --shell >"$BATS_TEST_TMPDIR/bypasses"
  [ "$(<"$BATS_TEST_TMPDIR/bypasses")" = \
    "zfs send -i $pool/home@2026-01-01 $pool/home@2026-01-31 | zfs2s3-put $pool/home@2026-01-31 --base $pool/home@2026-01-01" ]
  sh -e "$BATS_TEST_TMPDIR/bypasses"

  graph | zfs2s3-retain $policy | zfs2s3-check | zfs2s3-rm >"$BATS_TEST_TMPDIR/removed"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/removed")" -eq 30 ]
  [ "$(stored)" = "01-01 01-31<01-01 02-01<01-31 02-02<02-01" ]
  [ "$(keys | wc -l)" -eq 4 ]
  run -0 --separate-stderr bats_pipe graph \| zfs2s3-retain $policy
  [ "$output$stderr" = "" ]

  for kept in 2026-01-01 2026-01-31 2026-02-01 2026-02-02; do
    back=$pool/back-$kept
    zfs2s3 restore "$pool/home@$kept" "$back"
    zfs mount "$back"
    back_is "$kept"
  done
}
