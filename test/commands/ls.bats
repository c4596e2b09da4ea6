# zfs2s3-ls: what is stored, as a table.
load helper

setup_file() {
  start_s3
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data
  put_chain 3
  put_fixture zvol-full
}
teardown_file() { stop_s3; }
setup() { export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data; }

@test "a line for each stream, by dataset, oldest first, in 80 columns" {
  run -0 --separate-stderr zfs2s3-ls
  [ "$stderr" = "" ]
  [[ "${lines[0]}" =~ ^NAME\ +BASE\ +BYTES\ +CREATED\ +REMOVABLE$ ]]
  [[ "${lines[1]}" =~ ^tank/chain@day1\ +-\ +74.8\ KiB\ +20[0-9-]+\ [0-9:]+\ +no$ ]]
  [[ "${lines[3]}" =~ ^tank/chain@day3\ +@day2\ +15.5\ KiB\ +20[0-9-]+\ [0-9:]+\ +yes$ ]]
  [ "${#lines[@]}" -eq 5 ]
  [ "$(wc -L <<<"$output")" -le 80 ]
}

@test "-Hp: tabs, no header, all digits, times in seconds, full names" {
  [ "$(zfs2s3-ls -Hp -o name,base,used,removable tank/chain@day2)" = $'tank/chain@day2\ttank/chain@day1\t17656\tno' ]
  [ "$(zfs2s3-ls -Hp -o creation tank/chain@day2)" = "$(date -d "$(zfs2s3-graph | jq -r 'select(.snapshot == "tank/chain@day2").created')" +%s)" ]
}

@test "every column has what graph says" {
  local column
  for column in snapshot base bytes storage_class restorable removable dependents verified guid base_guid key; do
    [ "$(zfs2s3-ls -Hp -o "$column" tank/chain)" = "$(zfs2s3-graph | jq -r "select(.snapshot | startswith(\"tank/chain@\")).$column |
      if . == null then \"-\" elif . == true then \"yes\" elif . == false then \"no\" else . end")" ] || { echo "$column"; return 1; }
  done
}

@test "-s and -S sort, by numbers as numbers; what is not known comes last either way" {
  [ "$(zfs2s3-ls -H -s bytes -o name tank/chain | paste -sd' ')" = "tank/chain@day3 tank/chain@day2 tank/chain@day1" ]
  [ "$(zfs2s3-ls -H -S name -o name tank/chain | paste -sd' ')" = "tank/chain@day3 tank/chain@day2 tank/chain@day1" ]
  [ "$(zfs2s3-ls -H -S base -o name tank/chain | paste -sd' ')" = "tank/chain@day3 tank/chain@day2 tank/chain@day1" ]
  [ "$(zfs2s3-ls -H -s base -o name tank/chain | paste -sd' ')" = "tank/chain@day2 tank/chain@day3 tank/chain@day1" ]
  [ "$(zfs2s3-ls -H -s removable -S bytes -o name tank/chain | paste -sd' ')" = "tank/chain@day1 tank/chain@day2 tank/chain@day3" ]
}

@test "of -s and -S, the first on the command line counts most, as with zfs list" {
  [ "$(zfs2s3-ls -H -S name -s removable -o name tank/chain | paste -sd' ')" = "tank/chain@day3 tank/chain@day2 tank/chain@day1" ]
  [ "$(zfs2s3-ls -H -s removable -S name -o name tank/chain | paste -sd' ')" = "tank/chain@day2 tank/chain@day1 tank/chain@day3" ]
  [ "$(zfs2s3-ls --reverse-sort=removable -Hs name -o name tank/chain | paste -sd' ')" = "tank/chain@day3 tank/chain@day1 tank/chain@day2" ]
}

@test "names are datasets or snapshots; -r takes what is below as well" {
  [ "$(zfs2s3-ls -H -o name tank/chain@day1 tank/chain@day3 | paste -sd' ')" = "tank/chain@day1 tank/chain@day3" ]
  [ "$(zfs2s3-ls -H -r tank | wc -l)" -eq 4 ]
}

@test "a name of which nothing is stored is status 3" {
  run -3 --separate-stderr zfs2s3-ls tank
  says "zfs2s3-ls: nothing of tank is stored: see zfs2s3-ls"
  run -3 --separate-stderr zfs2s3-ls tank/chain tank/chain@day9
  says "zfs2s3-ls: nothing of tank/chain@day9 is stored"
}

@test "a column that there is not is status 2, and says which there are" {
  run -2 --separate-stderr zfs2s3-ls -o name,size
  says "zfs2s3-ls: there is no column 'size': the columns are name or snapshot, base, bytes or used, "
}

@test "without a catalog it prints nothing" {
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/nothing
  run -0 --separate-stderr zfs2s3-ls
  [ "$output$stderr" = "" ]
}

@test "a damaged catalog is status 1" {
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR
  head -c 500 "$BATS_FILE_TMPDIR/data/stored_snapshots.yml" >"$(catalog)"
  run -1 --separate-stderr zfs2s3-ls
  says "zfs2s3-ls: $(catalog) is damaged"
}
