# plan: what to receive, in which order.
load helper

setup_file() {
  start_s3
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/stored ZFS2S3_PREFIX=${root}stored/
  put_chain 6
  put_fixture chain-1-4
}
teardown_file() { stop_s3; }
setup() { export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/stored; }

# names: what the plan on stdin consists of, as day4<day1.
names() {
  jq -r '"\(.snapshot)\(if .base then "<" + .base else "" end)"' | sed 's/tank.chain@//g' | paste -sd' '
}

@test "the way to a snapshot takes the bypass, and comes in the order to receive it" {
  run -0 --separate-stderr zfs2s3-plan tank/chain@day5
  [ "$(names <<<"$output")" = "day1 day4<day1 day5<day4" ]
  [ "$stderr" = "" ]
}

@test "what comes of following it is what was stored" {
  zfs2s3-plan tank/chain@day4 | while read -r edge; do
    zfs2s3-get <<<"$edge" >"$BATS_TEST_TMPDIR/$(jq -r .guid <<<"$edge").zs"
  done
  cmp "$BATS_TEST_TMPDIR/8780626225864181396.zs" "$fixtures/chain-1.zs"
  cmp "$BATS_TEST_TMPDIR/9808816744826604517.zs" "$fixtures/chain-1-4.zs"
}

@test "from what the target has, by name, by GUID, or as zfs list prints it" {
  [ "$(zfs2s3-plan tank/chain@day3 --have tank/chain@day2 | names)" = "day3<day2" ]
  [ "$(zfs2s3-plan tank/chain@day3 --have 1060474375887697316 | names)" = "day3<day2" ]
  [ "$(printf 'pool/home@day2\t1060474375887697316\npool/x@y\t7\n' |
    zfs2s3-plan tank/chain@day3 --have - | names)" = "day3<day2" ]
}

@test "of what zfs list prints, only the newest snapshot of each dataset is one to go on from" {
  # day1 is there as well, but zfs receive would not take the bypass onto day2.
  [ "$(printf 'pool/home@day1\t8780626225864181396\npool/home@day2\t1060474375887697316\n' |
    zfs2s3-plan tank/chain@day4 --have - | names)" = "day3<day2 day4<day3" ]
  [ "$(printf 'pool/home@day1\t8780626225864181396\n' | zfs2s3-plan tank/chain@day4 --have - | names)" = "day4<day1" ]
}

@test "from a newest snapshot that is not stored nothing leads on: the plan is one from nothing" {
  [ "$(printf 'pool/home@day1\t8780626225864181396\npool/home@own\t7\n' |
    zfs2s3-plan tank/chain@day4 --have - | names)" = "day1 day4<day1" ]
  [ "$(zfs2s3-plan tank/chain@day4 --have - </dev/null | names)" = "day1 day4<day1" ]
}

# changed SED: the catalog as it would be after that.
changed() {
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/data
  mkdir "$ZFS2S3_DATA_DIR"
  sed "$1" "$BATS_FILE_TMPDIR/stored/stored_snapshots.yml" >"$ZFS2S3_DATA_DIR/stored_snapshots.yml"
}

@test "a longer bypass is taken only for fewer links" {
  changed '/day4 <- /s/"bytes":28096/"bytes":99999/'
  [ "$(zfs2s3-plan tank/chain@day4 | names)" = "day1 day2<day1 day3<day2 day4<day3" ]
  [ "$(zfs2s3-plan tank/chain@day4 --prefer links | names)" = "day1 day4<day1" ]
}

@test "the snapshot may be named by its GUID" {
  [ "$(zfs2s3-plan 1060474375887697316 | names)" = "day1 day2<day1" ]
}

@test "a chain with a hole is refused, and what is missing is named; from behind the hole there is a plan" {
  changed '/stored.tank.chain@day2 /d'
  run -3 --separate-stderr zfs2s3-plan tank/chain@day3
  [ "$output" = "" ]
  [[ "$stderr" == *"no path leads to tank/chain@day3: there is no stored stream of tank/chain@day2, which tank/chain@day3 <- tank/chain@day2 needs"* ]]
  [ "$(zfs2s3-plan tank/chain@day3 --have tank/chain@day2 | names)" = "day3<day2" ]
}

@test "what the target has already takes nothing" {
  run -0 --separate-stderr zfs2s3-plan tank/chain@day3 --have tank/chain@day3
  [ "$output" = "" ]
}

@test "a snapshot that is not stored is refused" {
  run -3 --separate-stderr zfs2s3-plan tank/chain@never
  [ "$output" = "" ]
  [[ "$stderr" == "zfs2s3-plan: tank/chain@never is not stored: "* ]]
}

@test "a list without GUIDs, another preference, or no snapshot is wrong usage" {
  run -2 --separate-stderr bats_pipe echo pool/home@a \| zfs2s3-plan tank/chain@day3 --have -
  [[ "$stderr" == *"line 1 of the input has no GUID"* ]]
  run -2 zfs2s3-plan tank/chain@day3 --prefer speed
  run -2 zfs2s3-plan
}

@test "it needs no S3" {
  export AWS_ENDPOINT_URL_S3=http://127.0.0.1:1
  run -0 zfs2s3-plan tank/chain@day2
}
