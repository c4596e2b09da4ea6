# The commands of the Python tool, over the plumbing: with a zfs that only these tests know. The real one is in zfs.bats.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() {
  fresh
  fake_zfs
}

# sent: the zfs sends that were run.
sent() {
  grep '^send' "$zfs_log"
}

@test "upload runs zfs send --raw and stores what it writes" {
  run -0 --separate-stderr zfs2s3 upload tank/chain@day1
  [ "$stderr" = "" ]
  [ "$(jq -r .snapshot <<<"$output")" = tank/chain@day1 ]
  run -0 --separate-stderr zfs2s3 upload tank/chain@day2 -i tank/chain@day1
  [ "$(sent)" = "$(printf '%s\n' "send --raw tank/chain@day1" "send --raw -i tank/chain@day1 tank/chain@day2")" ]
  cmp <(zfs2s3-get tank/chain@day2) "$fixtures/chain-1-2.zs"
}

@test "other flags for zfs send, or none" {
  ZFS2S3_SEND_FLAGS='-L -c' zfs2s3 upload tank/chain@day1
  ZFS2S3_SEND_FLAGS='' zfs2s3 upload tank/chain@day2 -i @day1
  ZFS2S3_SEND_FLAGS='-L' zfs2s3 upload tank/chain@day3 -i @day2 --send -e
  [ "$(sent)" = "$(printf '%s\n' "send -L -c tank/chain@day1" "send -i tank/chain@day1 tank/chain@day2" \
    "send -e -i tank/chain@day2 tank/chain@day3")" ]
}

@test "a zfs send that fails is status 1, and nothing is stored" {
  run -1 --separate-stderr zfs2s3 upload tank/none@a
  [ "$output" = "" ]
  [[ "$stderr" == *"zfs2s3 upload: "* ]]
  [ "$(keys)" = "" ]
  [ "$(zfs2s3-pending)" = "" ]
}

# zfs_send_writes COMMAND: from now on zfs send is that.
zfs_send_writes() {
  sed -i "s,^case ,[ \$1 = send ] \&\& { $1; exit; }\n&," "$BATS_TEST_TMPDIR/bin/zfs"
}

@test "one that ends too early is status 4, though it says that all was well; nothing is stored" {
  zfs_send_writes "head -c 50000 $fixtures/chain-1.zs"
  run -4 --separate-stderr zfs2s3 upload tank/chain@day1
  says "zfs2s3 upload: the stream ends after 50,000 bytes without its END record"
  [ "$(keys)" = "" ]
  [ "$(snapshots)" = "" ]
}

@test "one that is of another snapshot than was asked for is status 4" {
  zfs_send_writes "cat $fixtures/chain-1.zs"
  run -4 --separate-stderr zfs2s3 upload tank/chain@day2
  says "its snapshot is tank/chain@day1, not tank/chain@day2"
  [ "$(keys)" = "" ]
}

@test "Ctrl-C ends zfs send as well, with status 130, and leaves the upload pending: another is status 3" {
  zfs_send_writes "echo \$\$ >$BATS_TEST_TMPDIR/zfs.pid; cat $fixtures/big-full.zs; exec sleep 1000"
  s3 POST faults "{\"operation\":\"UploadPart\",\"partNumber\":2,\"do\":\"hold\",\"name\":\"two\"}"
  zfs2s3 upload tank/big@one --part-size 5M --concurrency 1 2>"$BATS_TEST_TMPDIR/put.err" 3>&- &
  put_pid=$!
  s3 GET "wait?held=two"
  kill -INT "$put_pid"
  put_ends_with 130
  run -1 kill -0 "$(<"$BATS_TEST_TMPDIR/zfs.pid")"
  grep -q "the upload of tank/big@one is pending with 1 part" "$BATS_TEST_TMPDIR/put.err"
  fake_zfs
  run -3 --separate-stderr zfs2s3 upload tank/chain@day1
  says "zfs2s3 upload: the upload of tank/big@one (full) is not finished"
}

@test "an upload whose base is not stored is status 3" {
  run -3 --separate-stderr zfs2s3 upload tank/chain@day2 -i tank/chain@day1
  says "zfs2s3 upload: the base of tank/chain@day2 (GUID 8780626225864181396) is not stored"
}

@test "resume_upload goes on with what was interrupted, whatever it was" {
  interrupted big-full
  s3 DELETE log
  run -0 --separate-stderr zfs2s3 resume_upload
  [ "$stderr" = "" ]
  [ "$(jq -r .snapshot <<<"$output")" = tank/big@one ]
  [ "$(s3 GET "log?operation=UploadPart&partNumber=1")" = "" ]
  [ "$(s3 GET "log?operation=UploadPart&partNumber=3" | jq .status)" = 200 ]
  cmp <(zfs2s3-get tank/big@one) "$fixtures/big-full.zs"
}

@test "resume_upload without an upload is status 3" {
  run -3 --separate-stderr zfs2s3 resume_upload
  says "zfs2s3 resume_upload: no upload is pending"
}

@test "resume_upload of an upload that is still running is status 5, and disturbs it not" {
  put_in_background big-full
  run -5 --separate-stderr zfs2s3 resume_upload
  [ "$output" = "" ]
  [[ "$stderr" == *"zfs2s3 resume_upload: "* ]]
  s3 POST "release?held=$BATS_TEST_NUMBER"
  put_ends_with 0
}

@test "resume_upload where zfs no longer has the snapshot is status 1, and the upload stays pending" {
  interrupted big-full
  zfs_send_writes "exit 1"
  run -1 --separate-stderr zfs2s3 resume_upload
  [ "$output" = "" ]
  [ "$(zfs2s3-pending | jq -r .parts)" -eq 1 ]
}

@test "prepare_upload_schedule writes the Python tool's file, and resume_upload begins that upload" {
  zfs2s3 upload tank/chain@day1
  run -0 --separate-stderr zfs2s3 prepare_upload_schedule tank/chain@day2 -i tank/chain@day1
  [ "$output$stderr" = "" ]
  grep -q "size: 17656" "$ZFS2S3_DATA_DIR/upload_schedule.yml"
  [ "$(zfs2s3-pending | jq -r '.snapshot, .state, .tool' | paste -sd' ')" = "tank/chain@day2 scheduled python" ]
  run -3 --separate-stderr zfs2s3 prepare_upload_schedule tank/chain@day2 -i tank/chain@day1
  says "zfs2s3 prepare_upload_schedule: an upload is scheduled already: see zfs2s3-pending"
  zfs2s3 resume_upload
  [ "$(snapshots | paste -sd' ')" = "tank/chain@day1 tank/chain@day2" ]
  [ "$(zfs2s3-pending)" = "" ]
}

@test "what has no stored base can't be scheduled" {
  run -3 --separate-stderr zfs2s3 prepare_upload_schedule tank/chain@day2 -i tank/chain@day1
  says "zfs2s3 prepare_upload_schedule: tank/chain@day1 is not stored: store it first"
  [ ! -e "$ZFS2S3_DATA_DIR/upload_schedule.yml" ]
}

@test "nor what zfs doesn't have (status 3), nor anything where there is no zfs (status 1)" {
  run -3 --separate-stderr zfs2s3 prepare_upload_schedule tank/none@a
  says "zfs2s3 prepare_upload_schedule: there is no snapshot tank/none@a here"
  PATH=$(path_without zfs) run -1 --separate-stderr zfs2s3 prepare_upload_schedule tank/chain@day1
  says "zfs2s3 prepare_upload_schedule: there is no zfs command on this machine"
  [ ! -e "$ZFS2S3_DATA_DIR/upload_schedule.yml" ]
}

@test "a schedule survives an upload that could not begin" {
  zfs2s3 prepare_upload_schedule tank/chain@day1
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 run -1 zfs2s3 resume_upload --retry-for 1s
  [ "$(zfs2s3-pending | jq -r .snapshot)" = tank/chain@day1 ]
  zfs2s3 resume_upload
  [ "$(keys)" = tank/chain@day1 ]
}

@test "abort_upload takes back what was only scheduled, and without anything to give up it is status 3" {
  zfs2s3 prepare_upload_schedule tank/chain@day1
  run -0 --separate-stderr zfs2s3 abort_upload
  [ "$output$stderr" = "" ]
  [ "$(zfs2s3-pending)" = "" ]
  run -3 --separate-stderr zfs2s3 abort_upload
  says "zfs2s3 abort_upload: no upload is pending"
}

@test "abort_upload gives it up" {
  interrupted big-full
  run -0 --separate-stderr zfs2s3 abort_upload
  [ "$output$stderr" = "" ]
  [ "$(open_uploads)" = "" ]
}

@test "remove means the full stream where no base is given" {
  zfs2s3 upload tank/chain@day1
  zfs2s3 upload tank/chain@day2 -i tank/chain@day1
  run -3 --separate-stderr zfs2s3 remove tank/chain@day2
  says "zfs2s3 remove: tank/chain@day2 (full) is not stored: to that name there is: tank/chain@day2 <- tank/chain@day1"
  run -3 --separate-stderr zfs2s3 remove tank/chain@day1
  says "zfs2s3 remove: removing tank/chain@day1 (full) would abandon tank/chain@day2"
  run -0 --separate-stderr zfs2s3 remove tank/chain@day2 -i tank/chain@day1
  [ "$stderr" = "" ]
  zfs2s3 remove tank/chain@day1
  [ "$(keys)" = "" ]
}

@test "guid and stream_size are the plumbing's" {
  [ "$(zfs2s3 guid tank/chain@day1)" = 8780626225864181396 ]
  [ "$(zfs2s3 stream_size tank/chain@day2 -i tank/chain@day1)" = 17656 ]
}

@test "every plumbing command is also zfs2s3 NAME" {
  zfs2s3 put <"$fixtures/chain-1.zs"
  cmp <(zfs2s3 graph) <(zfs2s3-graph)
  cmp <(zfs2s3 get tank/chain@day1) "$fixtures/chain-1.zs"
}

@test "no name, an unknown command and none at all are wrong usage: status 2" {
  run -2 --separate-stderr zfs2s3 upload
  says "zfs2s3 upload: no snapshot is named: zfs2s3 upload DS@SNAP [-i DS@PREV]"
  run -2 --separate-stderr zfs2s3 remove
  says "zfs2s3 remove: no snapshot is named"
  run -2 --separate-stderr zfs2s3 prepare_upload_schedule
  says "zfs2s3 prepare_upload_schedule: no snapshot is named"
  run -2 --separate-stderr zfs2s3 frobnicate
  says "zfs2s3: there is no command 'frobnicate': see zfs2s3 --help"
  run -2 --separate-stderr zfs2s3
  [ "$output" = "" ]
}
