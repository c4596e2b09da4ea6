# What the README promises, done as it says: the tour is pasted into a shell, and must print what stands below it.
load helper

# blocks LANGUAGE: what stands in the tour's code blocks of that language.
blocks() {
  awk -v fence="\`\`\`$1" '/^## /{tour = /five-minute tour/} $0 == "```" {inside = 0} tour && inside; $0 == fence {inside = 1}' "$top/README.md"
}

@test "the tour prints what the README says it prints" {
  needs jq
  unset ZFS2S3_DATA_DIR ZFS2S3_PREFIX COLUMNS
  export LC_ALL=C.UTF-8
  cd "$top"
  blocks sh >"$BATS_TEST_TMPDIR/tour"
  blocks text >"$BATS_TEST_TMPDIR/expected"
  TMPDIR=$BATS_TEST_TMPDIR bash "$BATS_TEST_TMPDIR/tour" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&-
  diff "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/said"
}

@test "the tour has more than one command and more than one result" {
  [ "$(blocks sh | grep -c zfs2s3-)" -gt 5 ]
  [ "$(blocks text | wc -l)" -gt 10 ]
}

@test "the demo finds everything as it should be" {
  run --separate-stderr "$top/scripts/demo" 3>&-
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [[ "${lines[-1]}" == "demo: all "*" commands did what they should" ]]
}

@test "every file that the README names is there" {
  cd "$top"
  grep -oE '\]\([A-Za-z./-]+\)' README.md CONTRIBUTING.md | sed 's/.*(\(.*\))/\1/' | sort -u >"$BATS_TEST_TMPDIR/links"
  [ -s "$BATS_TEST_TMPDIR/links" ]
  while read -r link; do [ -e "$link" ] || { echo "$link"; return 1; }; done <"$BATS_TEST_TMPDIR/links"
}
