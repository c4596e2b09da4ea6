# A real ZFS for the tests. zfs-fuse gives one without a kernel module; it is of 2016, so its streams have no checksums in their
# records and its zfs send knows no --raw.

# Says on the terminal why nothing here was tried.
without_zfs() {
  echo "# REAL ZFS NOT TESTED: $1" >&3
  echo "$1" >"$BATS_FILE_TMPDIR/without"
  return 1
}

# Starts it for the file, with $pool mounted at $BATS_FILE_TMPDIR/mnt. There can be one on a machine, so files take turns.
# Status 1 where there is none.
start_zfs() {
  [ "$(id -u)" = 0 ] || { without_zfs "that takes root"; return; }
  [ -w /dev/fuse ] || { without_zfs "there is no /dev/fuse"; return; }
  command -v zfs-fuse zpool zfs flock >"$BATS_FILE_TMPDIR/found" || { without_zfs "zfs-fuse or flock is not installed"; return; }
  exec 8>"${TMPDIR:-/tmp}/zfs2s3-test-zfs.lock"
  flock 8
  zpool list >"$BATS_FILE_TMPDIR/pools" 2>&1 && { without_zfs "another zfs runs on this machine, and is left alone"; return; }
  export pool=zfs2s3test$$
  zfs-fuse --no-daemon --no-kstat-mount --pidfile "$BATS_FILE_TMPDIR/pid" >"$BATS_FILE_TMPDIR/zfs-fuse.log" 2>&1 3>&- 8>&- &
  echo $! >"$BATS_FILE_TMPDIR/daemon"
  for _ in $(seq 100); do zpool list >"$BATS_FILE_TMPDIR/pools" 2>&1 && break; sleep 0.1; done
  truncate -s 200M "$BATS_FILE_TMPDIR/disk"
  mkdir "$BATS_FILE_TMPDIR/mnt"
  zpool create -m "$BATS_FILE_TMPDIR/mnt" "$pool" "$BATS_FILE_TMPDIR/disk" || without_zfs "zfs-fuse makes no pool here"
}

stop_zfs() {
  [ ! -e "$BATS_FILE_TMPDIR/daemon" ] || {
    zpool destroy -f "$pool" || true
    kill "$(<"$BATS_FILE_TMPDIR/daemon")" && tail --pid="$(<"$BATS_FILE_TMPDIR/daemon")" -f /dev/null
  }
  exec 8>&-
}

# needs_zfs: skips the test, with the reason, where it could not be started.
needs_zfs() {
  [ ! -e "$BATS_FILE_TMPDIR/without" ] || skip "$(<"$BATS_FILE_TMPDIR/without")"
  # It is older than zfs send --raw and zfs receive -s.
  export ZFS2S3_SEND_FLAGS="" ZFS2S3_RECEIVE_FLAGS=-u
}

# take_snapshot NAME: of $pool/home. A copy of its tree is kept, because zfs-fuse shows no snapshots in .zfs.
take_snapshot() {
  zfs snapshot "$pool/home@$1"
  cp -a "$BATS_FILE_TMPDIR/mnt/home" "$BATS_FILE_TMPDIR/tree-$1"
}

# back_is SNAPSHOT: what was received as $back has the files that home had then.
back_is() {
  diff -r --no-dereference "$BATS_FILE_TMPDIR/tree-$1" "$BATS_FILE_TMPDIR/mnt/${back#*/}"
}
