# Streams that are not what they should be, and what a bucket has: for the tests of what put must not store.

# flipped FILE AT: the file with one bit of that byte changed.
flipped() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N1 "$1")
  head -c "$2" "$1"
  # shellcheck disable=SC2059
  printf "\\x$(printf %x $((byte ^ 16)))"
  tail -c +$(($2 + 2)) "$1"
}

# substream FILE N: where its Nth stream begins; a package's own BEGIN is number 0.
substream() {
  zfs2s3-inspect <"$1" | jq -s ".[$2].position"
}

# big_endian: a BEGIN record as a big-endian machine writes it: the magic number is the other way round.
big_endian() {
  printf '\0\0\0\0\0\0\0\0\0\0\0\2\365\272\313\254'
  head -c 608 /dev/zero
}

# start_small_s3: a server that takes small parts, so that small streams have many; put makes them of 4 KiB with $small.
start_small_s3() {
  start_s3 --min-part-size 1024
  export ZFS2S3_MIN_PART_SIZE=1024
}
small="--part-size 4096"

# bucket_has: the test's objects, and its uploads in progress with the number of parts.
bucket_has() {
  keys | sed "s|^|object $ZFS2S3_PREFIX|"
  open_uploads | sed "s|^\(.*\) \([0-9]*\)$|upload $ZFS2S3_PREFIX\1, \2 parts|" | sort
}

# starting_with DIR: a fresh data directory with the catalog that is in DIR, and a prefix of its own.
starting_with() {
  variant=$((${variant:-0} + 1))
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/data$variant ZFS2S3_PREFIX="$root$BATS_TEST_NUMBER-$variant/"
  can_run_here
  mkdir -p "$ZFS2S3_DATA_DIR" && cp "$1"/stored_snapshots.yml "$ZFS2S3_DATA_DIR"
  before=$1/stored_snapshots.yml
}

# catalog_untouched: it is what it was when the test began.
catalog_untouched() {
  cmp "${before:-$BATS_FILE_TMPDIR/stored/stored_snapshots.yml}" "$ZFS2S3_DATA_DIR/stored_snapshots.yml"
}

# ends_with STATUS TEXT: of the last run, on stderr; and there was no edge on stdout.
ends_with() {
  [ "$status" -eq "$1" ] && [ "$output" = "" ] && [[ "$stderr" == *"$2"* ]] && return
  echo "status: $status"; echo "stdout: $output"; echo "stderr: $stderr"
  return 1
}

# nothing_came_of_it: no object, no upload, no ledger, and the catalog as it was.
nothing_came_of_it() {
  catalog_untouched && [ "$(bucket_has)" = "" ] && [ "$(zfs2s3-pending)" = "" ] && return
  bucket_has; zfs2s3-pending
  return 1
}

# pending_with N: no object, an upload with so many parts in S3 and in the ledger, and the catalog as it was.
pending_with() {
  local has pending
  has=$(bucket_has) pending=$(zfs2s3-pending | jq .parts)
  catalog_untouched && [[ "$has" == "upload "*", $1 parts" ]] && [ "$pending" = "$1" ] && return
  echo "bucket: $has"; echo "pending: $pending"
  return 1
}
