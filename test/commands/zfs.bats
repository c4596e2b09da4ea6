# With a real ZFS: what zfs send writes is stored, and what is stored, zfs receive takes.
load helper
load streams
load zfs

setup_file() {
  start_zfs || return 0
  start_s3
  make_snapshots
}

teardown_file() {
  stop_zfs
  stop_s3
}

setup() {
  needs_zfs
  fresh
  # One of its own for each test: with FUSE a filesystem may be busy for a while after its last reader.
  back=$pool/back$BATS_TEST_NUMBER
}

# Three snapshots of a small home: files added, changed and removed.
make_snapshots() {
  local home=$BATS_FILE_TMPDIR/mnt/home
  zfs create "$pool/home"
  mkdir "$home/papers"
  seq 100000 >"$home/papers/numbers"
  head -c 6000000 /dev/urandom >"$home/noise"
  ln -s papers/numbers "$home/link"
  take_snapshot a
  echo more >>"$home/papers/numbers"
  take_snapshot b
  rm "$home/noise"
  head -c 1000000 /dev/urandom >"$home/a file with spaces"
  take_snapshot c
}

@test "a full stream and increments go in through pipes and come back into another dataset" {
  local tree
  zfs send "$pool/home@a" | zfs2s3-put
  zfs send -i @a "$pool/home@b" | zfs2s3-put "$pool/home@b" --base @a
  zfs send -i @b "$pool/home@c" | zfs2s3-put
  zfs2s3-get "$pool/home@a" | zfs receive "$back"
  back_is a
  zfs2s3-get "$pool/home@b" | zfs receive -F "$back"
  zfs2s3-get "$pool/home@c" | zfs receive -F "$back"
  back_is c
  [ "$(zfs2s3-guid "$back@c")" = "$(zfs2s3-guid "$pool/home@c")" ]
}

@test "a bypass restores the same tree after what it goes round was removed" {
  zfs send "$pool/home@a" | zfs2s3-put
  zfs send -i @a "$pool/home@b" | zfs2s3-put
  zfs send -i @b "$pool/home@c" | zfs2s3-put
  run -3 zfs2s3-rm "$pool/home@b"
  zfs send -i @a "$pool/home@c" | zfs2s3-put
  zfs2s3-rm "$pool/home@c" --base @b
  zfs2s3-rm "$pool/home@b"
  zfs2s3-graph >"$BATS_TEST_TMPDIR/edges"
  zfs2s3-get <<<"$(sed -n 1p "$BATS_TEST_TMPDIR/edges")" | zfs receive "$back"
  zfs2s3-get <<<"$(sed -n 2p "$BATS_TEST_TMPDIR/edges")" | zfs receive -F "$back"
  back_is c
}

@test "a package of the dataset with all its snapshots brings them all" {
  zfs send -R "$pool/home@c" | zfs2s3-put
  zfs create "$back"
  zfs2s3-get "$pool/home@c" | zfs receive -d "$back"
  for snapshot in a b c; do
    [ "$(zfs2s3-guid "$back/home@$snapshot")" = "$(zfs2s3-guid "$pool/home@$snapshot")" ]
  done
  back=$back/home
  back_is c
}

@test "the edge has zfs's GUID and creation time, and the stream's length" {
  zfs2s3-put -- zfs send "$pool/home@a" >"$BATS_TEST_TMPDIR/edge"
  [ "$(jq -r .guid "$BATS_TEST_TMPDIR/edge")" = "$(zfs get -Hp -o value guid "$pool/home@a")" ]
  [ "$(jq -r '.created | fromdate' "$BATS_TEST_TMPDIR/edge")" = "$(zfs get -Hp -o value creation "$pool/home@a")" ]
  [ "$(jq .bytes "$BATS_TEST_TMPDIR/edge")" -eq "$(zfs send "$pool/home@a" | wc -c)" ]
}

@test "a stream of it that breaks off is never stored, though its records have no checksums" {
  zfs send "$pool/home@a" | head -c 3000000 >"$BATS_TEST_TMPDIR/torn"
  run -4 --separate-stderr zfs2s3-put <"$BATS_TEST_TMPDIR/torn"
  says "zfs2s3-put: the stream ends after 3,000,000 bytes without its END record"
  run -4 zfs2s3-put < <(zfs send "$pool/home@a" | head -c -1)
  [ "$(keys)" = "" ]
}

@test "nor one with a byte that changed: its END has the checksum of all" {
  zfs send "$pool/home@a" >"$BATS_TEST_TMPDIR/stream"
  run -4 --separate-stderr bats_pipe flipped "$BATS_TEST_TMPDIR/stream" 3000000 \| zfs2s3-put
  says "zfs2s3-put: the stream is damaged"
  [ "$(keys)" = "" ]
}

@test "what goes through a compressor is looked into" {
  needs gzip
  zfs send "$pool/home@a" | gzip -1 | zfs2s3-put
  zfs2s3-get "$pool/home@a" --decompress | zfs receive "$back"
  back_is a
}

@test "guid and size are zfs's" {
  [ "$(zfs2s3-guid "$pool/home@b")" = "$(zfs get -Hp -o value guid "$pool/home@b")" ]
  [ "$(zfs2s3-size "$pool/home@b" --base @a)" -eq "$(zfs send -i @a "$pool/home@b" | wc -c)" ]
  run -3 --separate-stderr zfs2s3-guid "$pool/home@none"
  says "zfs2s3-guid: there is no snapshot $pool/home@none here"
}

@test "the Python tool's commands: upload, guid, stream_size, remove" {
  zfs2s3 upload "$pool/home@a"
  zfs2s3 upload "$pool/home@b" -i "$pool/home@a"
  [ "$(zfs2s3 guid "$pool/home@b")" = "$(zfs2s3-graph | jq -r 'select(.base).guid')" ]
  [ "$(zfs2s3 stream_size "$pool/home@b" -i "$pool/home@a")" -eq "$(zfs2s3-graph | jq 'select(.base).bytes')" ]
  run -3 zfs2s3 remove "$pool/home@a"
  zfs2s3 remove "$pool/home@b" -i "$pool/home@a"
  zfs2s3 remove "$pool/home@a"
  [ "$(keys)" = "" ]
}

@test "the Python tool's commands: prepare_upload_schedule, then resume_upload" {
  zfs2s3 prepare_upload_schedule "$pool/home@a"
  [ "$(zfs2s3-pending | jq -r .state)" = scheduled ]
  zfs2s3 resume_upload
  [ "$(keys)" = "$pool/home@a" ]
  [ "$(zfs2s3-pending)" = "" ]
}

# interrupt_upload: leaves an upload of home@a with its first part of 5 MiB.
interrupt_upload() {
  s3 POST faults "{\"operation\":\"UploadPart\",\"key\":\"$ZFS2S3_PREFIX\",\"partNumber\":2,\"do\":\"hold\",\"name\":\"$BATS_TEST_NUMBER\"}"
  zfs2s3 upload "$pool/home@a" --part-size 5M --concurrency 1 2>"$BATS_TEST_TMPDIR/put.err" 3>&- &
  put_pid=$!
  s3 GET "wait?held=$BATS_TEST_NUMBER"
  kill -TERM "$put_pid"
  put_ends_with 143
}

@test "an upload that was interrupted goes on with zfs2s3 resume_upload" {
  interrupt_upload
  [ "$(zfs2s3-pending | jq .parts)" -eq 1 ]
  s3 DELETE log
  zfs2s3 resume_upload
  [ "$(s3 GET "log?operation=UploadPart&partNumber=1")" = "" ]
  zfs2s3-get "$pool/home@a" | zfs receive "$back"
  back_is a
}

@test "or is given up with zfs2s3 abort_upload" {
  interrupt_upload
  zfs2s3 abort_upload
  [ "$(open_uploads)" = "" ]
  [ "$(zfs2s3-pending)" = "" ]
}

@test "a zfs send that can't be is status 1, with what zfs said: --raw is the default, and this zfs knows none" {
  unset ZFS2S3_SEND_FLAGS
  run -1 --separate-stderr zfs2s3 upload "$pool/home@a"
  [[ "${stderr_lines[0]}" == "invalid option '-'" ]]
  [[ "$stderr" == *"zfs2s3 upload: "* ]]
  [ "$(keys)" = "" ]
}

@test "a snapshot that was destroyed and taken again under its name is refused" {
  zfs snapshot "$pool/home@again"
  zfs2s3 upload "$pool/home@again"
  zfs destroy "$pool/home@again"
  zfs snapshot "$pool/home@again"
  run -3 --separate-stderr zfs2s3 upload "$pool/home@again"
  says "it was destroyed and taken again"
  zfs destroy "$pool/home@again"
}

@test "what was destroyed here can be removed there, and restored before that" {
  zfs snapshot "$pool/home@gone"
  zfs2s3 upload "$pool/home@gone"
  zfs destroy "$pool/home@gone"
  zfs2s3-get "$pool/home@gone" | zfs receive "$back"
  back_is c
  zfs2s3 remove "$pool/home@gone"
  [ "$(keys)" = "" ]
}

# stored_chain: a, then b and c as increments, and the bypass from a to c.
stored_chain() {
  zfs send "$pool/home@a" | zfs2s3-put
  zfs send -i @a "$pool/home@b" | zfs2s3-put
  zfs send -i @b "$pool/home@c" | zfs2s3-put
  zfs send -i @a "$pool/home@c" | zfs2s3-put
}

# restored: the snapshots of what was received, which is unmounted still.
restored() {
  zfs list -H -t snapshot -o name -r "$back" | sed 's/.*@//' | paste -sd' '
}

@test "restore: over the bypass and through the whole chain comes the same tree, with the same GUID" {
  stored_chain
  run -0 --separate-stderr zfs2s3 restore "$pool/home@c" "$back"
  [ "$output" = "" ]
  [ "$stderr" = "" ]
  [ "$(restored)" = "a c" ]
  zfs mount "$back"
  back_is c
  [ "$(zfs2s3-guid "$back@c")" = "$(zfs2s3-guid "$pool/home@c")" ]
  zfs2s3-rm "$pool/home@c" --base "$pool/home@a"
  back=$back-through
  zfs2s3 restore "$pool/home@c" "$back"
  [ "$(restored)" = "a b c" ]
  zfs mount "$back"
  back_is c
}

@test "restore: what the target has is left out, and what it has of its own is not rolled back" {
  stored_chain
  zfs2s3 restore "$pool/home@b" "$back"
  run -0 zfs2s3 restore -v "$pool/home@c" "$back"
  [ "$output" = "zfs2s3-get $pool/home@c --base $pool/home@b | zfs receive -u $back" ]
  [ "$(restored)" = "a b c" ]
  run -0 zfs2s3 restore -v "$pool/home@c" "$back"
  [ "$output" = "" ]
  back=$back-own
  zfs2s3 restore "$pool/home@a" "$back"
  zfs snapshot "$back@own"
  run -3 zfs2s3 restore "$pool/home@c" "$back"
  [ "$(restored)" = "a own" ]
  zfs2s3 restore "$pool/home@c" "$back" --force-rollback
  # What becomes of own is for that zfs to say: zfs-fuse keeps it, since nothing had changed.
  [[ "$(restored)" == *" c" ]]
  zfs mount "$back"
  back_is c
}

@test "restore: killed in the middle of a stream, it is begun again with that stream and completes" {
  stored_chain
  zfs2s3 restore "$pool/home@a" "$back-a"
  s3 POST faults "{\"operation\":\"GetObject\",\"key\":\"$ZFS2S3_PREFIX$pool/home@c <- $pool/home@a\",\"do\":\"hold\",\"name\":\"$BATS_TEST_NUMBER\"}"
  zfs2s3 restore "$pool/home@c" "$back" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  local restore=$! ended=0
  s3 GET "wait?held=$BATS_TEST_NUMBER" >"$BATS_TEST_TMPDIR/held"
  kill -KILL "$restore"
  wait "$restore" || ended=$?
  [ "$ended" -eq 137 ]
  s3 DELETE faults
  [ "$(restored)" = "a" ]
  zfs2s3 restore "$pool/home@c" "$back"
  [ "$(restored)" = "a c" ]
  zfs mount "$back"
  back_is c
}
