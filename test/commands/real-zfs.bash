# A real ZFS with a pool of its own in a file: the machine's, where its kernel has one, else zfs-fuse. Needs root.

# start_zfs: makes the pool $pool, whose datasets are mounted below $BATS_FILE_TMPDIR/mnt. To be called in setup_file; where
# it can't, $no_zfs says why.
start_zfs() {
  export pool=zfs2s3test$$ no_zfs='' ZFS_FUSE_PID=''
  if [ "$(id -u)" != 0 ]; then
    no_zfs='a pool can be made by root only'
  elif [ ! -e /dev/zfs ] && ! command -v zfs-fuse >/dev/null; then
    no_zfs='zfs-fuse is not installed'
  elif [ ! -e /dev/zfs ] && [ ! -e /dev/fuse ]; then
    no_zfs='there is no /dev/fuse'
  else
    make_pool || no_zfs="the pool can't be made: $(tr '\n' ' ' <"$BATS_FILE_TMPDIR/zfs.log")"
  fi
}

make_pool() {
  truncate -s 256M "$BATS_FILE_TMPDIR/pool"
  [ -e /dev/zfs ] || start_zfs_fuse || return
  zpool create -m "$BATS_FILE_TMPDIR/mnt" "$pool" "$BATS_FILE_TMPDIR/pool" >"$BATS_FILE_TMPDIR/zfs.log" 2>&1
}

# There is one zfs-fuse on a machine: others wait for its end.
start_zfs_fuse() {
  flock --no-fork --wait 300 /run/lock/zfs2s3-test zfs-fuse --no-daemon --no-kstat-mount \
    >"$BATS_FILE_TMPDIR/zfs.log" 2>&1 3>&- &
  ZFS_FUSE_PID=$!
  until zpool list >/dev/null 2>&1; do
    kill -0 "$ZFS_FUSE_PID" || return
    sleep 0.1
  done
}

stop_zfs() {
  [ -n "$no_zfs" ] || zpool destroy -f "$pool"
  [ -z "$ZFS_FUSE_PID" ] || kill "$ZFS_FUSE_PID"
}

# needs_zfs: skips the test, with the reason, where there is no pool. To be called in setup.
needs_zfs() {
  [ -z "$no_zfs" ] || skip "NOT TESTED WITH A REAL ZFS: $no_zfs"
}
