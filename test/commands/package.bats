# What npm packs is what an installation needs, and it works where npm installs it.
load helper

setup_file() {
  cd "$top"
  npm pack --silent --ignore-scripts --pack-destination "$BATS_FILE_TMPDIR" >/dev/null 2>&1 3>&-
}

tarball() { echo "$BATS_FILE_TMPDIR"/zfs2s3-*.tgz; }

packed() { tar -tzf "$(tarball)" | sed 's,^package/,,' | sort; }

@test "the package has the program, its manual, and what says what it is" {
  packed >"$BATS_TEST_TMPDIR/packed"
  for file in bin/zfs2s3.js dist/cli/main.js dist/commands/put.js man/zfs2s3.7 man/zfs2s3-put.1 \
    completions/zfs2s3.bash completions/_zfs2s3 completions/zfs2s3.fish examples/zfs2s3-nightly examples/lifecycle.json \
    README.md CHANGELOG.md LICENSE package.json; do
    grep -qxF "$file" "$BATS_TEST_TMPDIR/packed" || { echo "$file is missing"; return 1; }
  done
}

@test "the package has no tests, no sources, no types, nothing else" {
  run bash -c "$(declare -f packed tarball); packed | grep -vE '^(bin/zfs2s3\.js|dist/.*\.js|man/zfs2s3[a-z_0-9-]*\.[157]|completions/_?zfs2s3(\.bash|\.fish)?|examples/[a-z0-9_@-]*zfs2s3[a-z_@-]*(\.service|\.timer|\.cron)?|examples/lifecycle\.json|README\.md|CHANGELOG\.md|LICENSE|package\.json)$'"
  [ "$output" = "" ]
}

@test "every page that package.json lists is packed" {
  packed >"$BATS_TEST_TMPDIR/packed"
  for page in $(jq -r '.man[]' "$top/package.json"); do grep -qxF "$page" "$BATS_TEST_TMPDIR/packed"; done
}

@test "installed with npm install -g, the commands and their pages are there" {
  local prefix=$BATS_TEST_TMPDIR/prefix
  npm install -g --prefix "$prefix" --prefer-offline --no-audit --no-fund --omit=dev "$(tarball)" \
    >"$BATS_TEST_TMPDIR/npm.log" 2>&1 3>&- || {
    # Whether it is our package that fails, or the registry that can't be reached, npm's error code tells.
    grep -qE 'ENOTFOUND|ETIMEDOUT|EAI_AGAIN|ECONNREFUSED|ENOTCACHED' "$BATS_TEST_TMPDIR/npm.log" &&
      skip "NOT TESTED: npm can't reach its registry, so nothing can be installed"
    cat "$BATS_TEST_TMPDIR/npm.log"
    return 1
  }
  cd "$BATS_TEST_TMPDIR"
  local version
  version=$(jq -r .version "$top/package.json")
  PATH="$prefix/bin:$(without_clone)"
  [ "$(command -v zfs2s3-put)" = "$prefix/bin/zfs2s3-put" ]

  for name in $(jq -r '.bin | keys[]' "$top/package.json"); do
    run --separate-stderr "$name" --version
    [ "$status" -eq 0 ]
    [ "$output" = "$name $version" ]
    [ "$stderr" = "" ]
  done
  zfs2s3-inspect <"$fixtures/plain-full.zs" | grep -q '"complete":true'
  # The SDK has come with it: without a server this is a failed connection, not a missing module.
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x \
    ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/data run -1 --separate-stderr zfs2s3-put --retry-for 0s <"$fixtures/plain-full.zs"
  [[ "$stderr" != *"bug in zfs2s3"* ]]

  for page in $(jq -r '.man[]' "$top/package.json"); do
    local section=${page##*.}
    [ -s "$prefix/share/man/man$section/${page#man/}" ]
  done
  needs man
  man -M "$prefix/share/man" zfs2s3-put | grep -q "store a zfs send stream in S3"
  man -M "$prefix/share/man" 5 zfs2s3-format | grep -q stored_snapshots.yml
}

# The PATH without the clone's own commands.
without_clone() { echo "$PATH" | tr ':' '\n' | grep -vxF "$top/bin" | paste -sd:; }
