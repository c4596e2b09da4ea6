# With a real ZFS: what zfs send wrote comes back from S3, and zfs receive makes the same files of it.
load helper
load real-zfs

# Of one dataset four snapshots, each with files that were made, changed, renamed and removed; and copies of their trees.
setup_file() {
  start_zfs
  [ -z "$no_zfs" ] || return 0
  start_s3
  export home=$pool/home trees=$BATS_FILE_TMPDIR/trees
  # zfs-fuse is older than --raw.
  export ZFS2S3_SEND_FLAGS=
  zfs create "$home"
  local dir=$BATS_FILE_TMPDIR/mnt/home
  mkdir -p "$trees" "$dir/a b/ü"
  head -c 12M /dev/urandom >"$dir/large"
  printf 'hello\n' >"$dir/a b/ü/hello"
  : >"$dir/empty"
  truncate -s 5M "$dir/sparse"
  ln -s 'a b/ü' "$dir/link"
  taken mon
  printf 'again\n' >>"$dir/a b/ü/hello"
  head -c 700000 /dev/urandom | dd of="$dir/large" bs=100k seek=20 conv=notrunc status=none
  mv "$dir/empty" "$dir/a b"
  taken tue
  for i in $(seq 50); do echo "$i" >"$dir/small$i"; done
  rm "$dir/sparse"
  taken wed
  rm -r "$dir"/small*
  truncate -s 6M "$dir/large"
  chmod 640 "$dir/large"
  taken thu
}

# taken NAME: takes a snapshot and keeps a copy of the tree.
taken() {
  cp -a "$BATS_FILE_TMPDIR/mnt/home" "$trees/$1"
  zfs snapshot "$home@$1"
}

teardown_file() {
  stop_zfs
  stop_s3
}

setup() {
  needs_zfs
  fresh
  target=$pool/target$BATS_TEST_NUMBER
}

# upload SNAP [BASE]: what zfs send writes, stored.
upload() {
  zfs send ${2:+-i "@$2"} "$home@$1" | zfs2s3-put
}

# restore SNAP: its stored stream, received. -u: it is mounted only to be looked at, so that nothing of the snapshot before
# is in a cache. -F: having been looked at, it has changed.
restore() {
  zfs2s3-get "$home@$1" | zfs receive -uF "$target"
}

# target_is SNAP: what was received has that snapshot's files, their modes and times, and its GUID.
target_is() {
  zfs mount "$target"
  diff -r --no-dereference "$trees/$1" "$BATS_FILE_TMPDIR/mnt/${target#*/}"
  diff <(files "$trees/$1") <(files "$BATS_FILE_TMPDIR/mnt/${target#*/}")
  zfs unmount "$target"
  [ "$(zfs2s3-guid "$target@$1")" = "$(zfs2s3-guid "$home@$1")" ]
}

# files DIR: each below it, with type, mode, time, and length if it is a file.
files() {
  find "$1" -mindepth 1 \( -type f -printf '%P %y %m %T@ %s\n' -o -printf '%P %y %m %T@\n' \) | sort
}

@test "a full stream and each increment come back as the same files" {
  upload mon
  upload tue mon
  upload wed tue
  upload thu wed
  [ "$(snapshots)" = "$(printf "$home@%s\n" mon tue wed thu)" ]
  restore mon
  target_is mon
  restore tue
  target_is tue
  restore wed
  target_is wed
  restore thu
  target_is thu
}

@test "what was between is removed once there is a bypass, and the last day is still the same files" {
  upload mon
  upload tue mon
  upload wed tue
  upload thu wed
  run -3 zfs2s3-rm "$home@tue"
  upload wed mon
  zfs2s3-rm "$home@wed" --base "$home@tue"
  zfs2s3-rm "$home@tue"
  restore mon
  restore wed
  restore thu
  target_is thu
}

@test "a package of the dataset with all its snapshots comes back whole" {
  zfs send -R "$home@thu" | zfs2s3-put
  zfs create "$target"
  zfs2s3-get "$home@thu" | zfs receive -u -d "$target"
  target=$target/home
  target_is thu
  [ "$(zfs2s3-guid "$target@tue")" = "$(zfs2s3-guid "$home@tue")" ]
}

@test "through a filter, and through a compressor in the pipeline, the same files come back" {
  zfs send "$home@mon" | zfs2s3-put --filter 'gzip -1'
  zfs send -i @mon "$home@tue" | gzip -1 | zfs2s3-put
  zfs2s3-get "$home@mon" --filter 'gzip -d' | zfs receive -u "$target"
  zfs2s3-get "$home@tue" | gzip -d | zfs receive -u "$target"
  target_is tue
}

@test "a zfs send that is cut off is not stored" {
  run -4 --separate-stderr bats_pipe zfs send "$home@mon" \| head -c 1000000 \| zfs2s3-put
  [ "$output" = "" ]
  [[ "$stderr" == *"zfs2s3-put: the stream ends after 1,000,000 bytes without its END record"* ]]
  [ "$(snapshots)" = "" ]
  [ "$(open_uploads)" = "" ]
}

@test "a zfs send that fails is not stored, and put says how it ended" {
  run -1 --separate-stderr zfs2s3-put -- zfs send "$home@never"
  [ "$output" = "" ]
  [[ "$stderr" == *"zfs2s3-put: 'zfs send $home@never' ended with status 1"* ]]
  [ "$(zfs2s3-pending)" = "" ]
}

@test "a snapshot taken again under its old name is another one: its increment is not taken" {
  local dataset=$pool/again
  zfs create "$dataset"
  zfs snapshot "$dataset@a"
  zfs send "$dataset@a" | zfs2s3-put
  zfs destroy "$dataset@a"
  zfs snapshot "$dataset@a"
  zfs snapshot "$dataset@b"
  run -3 --separate-stderr bats_pipe zfs send -i @a "$dataset@b" \| zfs2s3-put
  [[ "$stderr" == *"(GUID $(zfs2s3-guid "$dataset@a")) is not stored"* ]]
  run -3 --separate-stderr bats_pipe zfs send "$dataset@a" \| zfs2s3-put
  [ "$output" = "" ]
}

@test "upload stores a snapshot and its increment, remove takes them away in order" {
  run -0 --separate-stderr zfs2s3 upload "$home@mon"
  [ "$stderr" = "" ]
  [ "$(jq -r .guid <<<"$output")" = "$(zfs get -Hp -o value guid "$home@mon")" ]
  zfs2s3 upload "$home@tue" -i "$home@mon"
  restore mon
  restore tue
  target_is tue
  run -3 zfs2s3 remove "$home@mon"
  zfs2s3 remove "$home@tue" -i "$home@mon"
  zfs2s3 remove "$home@mon"
  [ "$(snapshots)" = "" ]
  [ "$(keys)" = "" ]
}

@test "guid and stream_size are what zfs says and sends" {
  [ "$(zfs2s3 guid "$home@mon")" = "$(zfs get -Hp -o value guid "$home@mon")" ]
  [ "$(zfs2s3 stream_size "$home@mon")" = "$(zfs send "$home@mon" | wc -c)" ]
  [ "$(zfs2s3 stream_size "$home@tue" -i "$home@mon")" = "$(zfs send -i @mon "$home@tue" | wc -c)" ]
  run -3 --separate-stderr zfs2s3 guid "$home@never"
  says "zfs2s3-guid: there is no snapshot $home@never here"
}

@test "prepare_upload_schedule notes an upload, resume_upload makes it" {
  zfs2s3 upload "$home@mon"
  zfs2s3 prepare_upload_schedule "$home@tue" -i "$home@mon"
  [ "$(zfs2s3-pending | jq -r '"\(.snapshot) \(.state)"')" = "$home@tue scheduled" ]
  zfs2s3 resume_upload
  [ "$(zfs2s3-pending)" = "" ]
  restore mon
  restore tue
  target_is tue
}

# interrupted_upload: an upload in parts of 5 MiB, ended by Ctrl-C when S3 had the first of them.
interrupted_upload() {
  s3 POST faults '{"operation":"UploadPart","partNumber":2,"do":"hold","name":"part"}'
  zfs2s3 upload "$home@mon" --part-size 5M --concurrency 1 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  local upload=$! status=0
  s3 GET 'wait?held=part' >/dev/null
  kill -INT "$upload"
  wait "$upload" || status=$?
  s3 DELETE faults
  [ "$status" -eq 130 ]
}

@test "an upload that was interrupted goes on with resume_upload, which sends only what is missing" {
  interrupted_upload
  [ "$(open_uploads)" = "$home@mon 1" ]
  s3 DELETE log
  zfs2s3 resume_upload
  [ "$(requests UploadPart)" = 2 ]
  [ "$(open_uploads)" = "" ]
  restore mon
  target_is mon
}

@test "abort_upload frees what an interrupted upload has sent, though the snapshot is gone" {
  interrupted_upload
  PATH=$(path_without zfs) zfs2s3 abort_upload
  [ "$(open_uploads)" = "" ]
  [ "$(zfs2s3-pending)" = "" ]
}
