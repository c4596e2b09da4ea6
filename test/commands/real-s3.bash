# What is different where the tests run against a real S3 service (scripts/test-real-s3).

# can_run_here: skips a test that asks the test server something which no real service answers: its faults, its log, what
# it has on disk. Whether it does is looked up in its own text, and in that of the functions that it calls.
can_run_here() {
  local -A seen=()
  local todo=("$BATS_TEST_NAME" setup) body word
  while [ ${#todo[@]} -gt 0 ]; do
    body=$(declare -f "${todo[-1]}")
    unset 'todo[-1]'
    if [[ "$body" == *'/-/'* || "$body" == *'BATS_FILE_TMPDIR/s3'* ]]; then
      skip "needs a server that can be told what to do, and asked what it did"
    fi
    for word in $(grep -oE '\b[a-z][a-z0-9_]*\b' <<<"$body" | sort -u); do
      [ -z "${seen[$word]:-}" ] && [[ ! "$word" =~ ^(bats_.*|run|fresh|can_run_here)$ ]] && declare -F "$word" >/dev/null || continue
      seen[$word]=1
      todo+=("$word")
    done
  done
}

# Of the objects themselves, instead of the server's files; without what S3 doesn't tell.
objects() { in_bucket list "" | jq -c 'select(.key | test("zfs2s3-(catalog.yml|probe)$") | not)'; }

open_uploads() { in_bucket uploads ""; }
