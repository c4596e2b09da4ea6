# What zfs receive would refuse months later is refused by put now, before a byte of the stream has gone to S3.
load helper
load streams

setup_file() {
  start_s3
  local name
  for name in raw-w-full lz4-Lec-full zstd-c-full plain-full; do
    export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/$name ZFS2S3_PREFIX=${root}$name/
    put_fixture "$name"
  done
}
teardown_file() { stop_s3; }

# as_if NAME CHANGE: the catalog with that stream stored, but as if it had been sent in another way.
as_if() {
  starting_with "$BATS_FILE_TMPDIR/$1"
  sed -i "$2" "$ZFS2S3_DATA_DIR/stored_snapshots.yml"
  ! cmp -s "$before" "$ZFS2S3_DATA_DIR/stored_snapshots.yml"
  before=$BATS_TEST_TMPDIR/as-if
  cp "$ZFS2S3_DATA_DIR/stored_snapshots.yml" "$before"
}

# refuses TEXT NAME [ARGUMENT...]: put of that stream ends with 3, for that reason, and S3 was not even asked to begin an upload.
refuses() {
  local why=$1 name=$2
  shift 2
  run --separate-stderr zfs2s3-put "$@" <"$fixtures/$name.zs"
  ends_with 3 "$why"
  nothing_came_of_it
  [ "$(requests CreateMultipartUpload)" -eq 0 ]
  [ "$(requests UploadPart)" -eq 0 ]
}

# stores NAME [ARGUMENT...]
stores() {
  local name=$1
  shift
  run -0 --separate-stderr zfs2s3-put "$@" <"$fixtures/$name.zs"
  [ "$stderr" = "" ]
}

@test "what fits is stored: raw on raw, plain on plain, large blocks on large blocks" {
  starting_with "$BATS_FILE_TMPDIR/raw-w-full"
  stores raw-w-incr
  starting_with "$BATS_FILE_TMPDIR/plain-full"
  stores plain-incr
  stores plain-empty-incr
  starting_with "$BATS_FILE_TMPDIR/lz4-Lec-full"
  stores lz4-Lec-incr
  starting_with "$BATS_FILE_TMPDIR/zstd-c-full"
  stores zstd-c-incr
}

@test "whether blocks are compressed or embedded may change within a chain" {
  starting_with "$BATS_FILE_TMPDIR/plain-full"
  rm "$ZFS2S3_DATA_DIR/stored_snapshots.yml"
  stores large-block-L-full
  stores lz4-Lec-incr
}

@test "an increment whose base is not stored" {
  starting_with "$BATS_FILE_TMPDIR/raw-w-full"
  refuses "is not stored" plain-incr
  refuses "is not stored" zstd-c-incr
  starting_with "$BATS_FILE_TMPDIR/plain-full"
  refuses "is not stored" plain-empty-incr
}

@test "a base of the same name is not enough: the GUID tells" {
  as_if plain-full 's/2046425073918035619/2046425073918035620/'
  refuses "is not stored" plain-incr
}

@test "a raw increment on a plain base, whatever flags are given" {
  as_if raw-w-full 's/"raw":true/"raw":false/'
  refuses "send it without -w" raw-w-incr
  refuses "zfs receive refuses to mix them" raw-w-incr --allow-flag-change
}

@test "a plain increment on a raw base, whatever flags are given" {
  as_if plain-full 's/"raw":false/"raw":true/'
  refuses "send it with 'zfs send -w'" plain-incr
  refuses "zfs receive refuses to mix them" plain-incr --allow-flag-change
}

@test "a raw increment whose IV set does not connect, whatever flags are given" {
  as_if raw-w-full 's/"to_ivset_guid":"[0-9]*"/"to_ivset_guid":"12345"/'
  refuses "IV set" raw-w-incr
  refuses "IV set" raw-w-incr --allow-flag-change
}

@test "large blocks switched on, unless that is allowed" {
  as_if lz4-Lec-full 's/"large_blocks":true/"large_blocks":false/'
  refuses "send it without -L, or use --allow-flag-change" lz4-Lec-incr
  stores lz4-Lec-incr --allow-flag-change
}

@test "large blocks switched off, unless that is allowed" {
  as_if plain-full 's/"large_blocks":false/"large_blocks":true/'
  refuses "send it with 'zfs send -L', or use --allow-flag-change" plain-incr
  stores plain-incr --allow-flag-change
}

@test "the same inside a compressed stream, and in front of a filter" {
  as_if raw-w-full 's/"raw":true/"raw":false/'
  run --separate-stderr zfs2s3-put < <(gzip -c "$fixtures/raw-w-incr.zs")
  ends_with 3 "zfs receive refuses to mix them"
  refuses "zfs receive refuses to mix them" raw-w-incr --filter cat
}

@test "the same for every stream of a package" {
  as_if plain-full 's/"raw":false/"raw":true/'
  refuses "zfs receive refuses to mix them" plain-all-I
}

@test "a base of which nothing is known, as the Python tool's, is taken on trust" {
  as_if plain-full 's/,"stream":{.*}}/}/'
  stores plain-incr
}
