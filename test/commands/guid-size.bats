# zfs2s3-guid and zfs2s3-size: what zfs says, here a zfs that only these tests know. The real one is in zfs.bats.
load helper

setup() {
  fresh
  fake_zfs
}

@test "the GUID, digit for digit" {
  run -0 --separate-stderr zfs2s3-guid tank/chain@day3
  [ "$output" = 12017442432140035755 ]
  [ "$stderr" = "" ]
}

@test "a snapshot that isn't there is status 3" {
  run -3 --separate-stderr zfs2s3-guid tank/chain@day9
  says "zfs2s3-guid: there is no snapshot tank/chain@day9 here: see zfs list -t snapshot"
}

@test "the length of a stream, as zfs send writes it" {
  run -0 --separate-stderr zfs2s3-size tank/chain@day1
  [ "$output" = 76584 ]
  [ "$stderr" = "" ]
  run -0 zfs2s3-size tank/chain@day2 --base @day1
  [ "$output" = 17656 ]
  [ "$(grep -c "send --raw -i tank/chain@day1 tank/chain@day2" "$zfs_log")" -eq 1 ]
}

@test "a zfs send that fails is status 1, with what it said, and no number" {
  run -1 --separate-stderr zfs2s3-size tank/chain@day9
  [ "$output" = "" ]
  [[ "$stderr" == "cannot open 'tank/chain@day9': dataset does not exist"$'\n'"zfs2s3-size: 'zfs send --raw tank/chain@day9' ended with status 1" ]]
}

@test "without zfs both are status 1 and say so" {
  export PATH=$(path_without zfs)
  run -1 --separate-stderr zfs2s3-guid tank/chain@day1
  says "zfs2s3-guid: there is no zfs command on this machine: install OpenZFS"
  run -1 --separate-stderr zfs2s3-size tank/chain@day1
  says "zfs2s3-size: can't run 'zfs send --raw tank/chain@day1' (spawn zfs ENOENT): is it installed and in PATH?"
}

@test "no name is wrong usage: status 2" {
  run -2 --separate-stderr zfs2s3-guid
  says "zfs2s3-guid: no snapshot is named: zfs2s3-guid DS@SNAP"
  run -2 --separate-stderr zfs2s3-size
  says "zfs2s3-size: no snapshot is named: zfs2s3-size DS@SNAP"
}
