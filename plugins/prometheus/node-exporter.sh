# Sets up a node exporter on the machine it runs on: sh -s install|start|stop|uninstall|check
# PORT, LISTEN, ARGUMENTS, DOWNLOAD_URL, SHA256, INSTALL_PACKAGE. Every action may be run again.
#
# What is ours is noted in a folder of the user's own: an exporter that was there before us is used, and left alone.
set -u
folder="${HOME:?}/.caisson/node-exporter-$PORT"
pid_file="$folder/pid"
own_program="$folder/node_exporter"
package_note="$folder/package"
[ "$(id -u)" = 0 ] && sudo="" || sudo="sudo -n"

can_ask() {
  command -v curl >/dev/null || command -v wget >/dev/null || command -v python3 >/dev/null
}

answers() { # is there a node exporter at the port?
  address="${LISTEN:-127.0.0.1}"
  [ "$address" = 0.0.0.0 ] && address=127.0.0.1
  if command -v curl >/dev/null; then curl -sf -m 5 "http://$address:$PORT/metrics"
  elif command -v wget >/dev/null; then wget -q -T 5 -O - "http://$address:$PORT/metrics"
  elif command -v python3 >/dev/null; then
    python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode())' \
      "http://$address:$PORT/metrics" 2>/dev/null
  else return 1; fi | grep -q '^node_exporter_build_info'
}

program() {
  [ -x "$own_program" ] && { echo "$own_program"; return; }
  PATH="$PATH:/usr/local/bin:/usr/sbin:/usr/local/sbin"
  command -v node_exporter || command -v prometheus-node-exporter
}

ours() { # does the process that we started run?
  [ -f "$pid_file" ] || return 1
  pid=$(cat "$pid_file")
  kill -0 "$pid" 2>/dev/null && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q "node[_-]exporter.*:$PORT"
}

fetch() {
  if command -v curl >/dev/null; then curl -sSfL "$1" -o "$2"; else wget -q "$1" -O "$2"; fi
}

download() {
  part="$folder/download"
  fetch "$DOWNLOAD_URL" "$part" || { echo "$DOWNLOAD_URL cannot be fetched" >&2; exit 1; }
  sum=$(sha256sum "$part" | cut -d ' ' -f 1)
  [ "$sum" = "$SHA256" ] || { rm -f "$part"; echo "$DOWNLOAD_URL has the SHA-256 $sum, not $SHA256" >&2; exit 1; }
  case "$DOWNLOAD_URL" in
    *.tar.gz | *.tgz)
      tar -xzf "$part" -C "$folder" --strip-components=1 && rm -f "$part" ;;
    *) mv "$part" "$own_program" ;;
  esac
  chmod +x "$own_program"
}

add_package() {
  if command -v apt-get >/dev/null; then
    name=prometheus-node-exporter
    echo "$name" >"$package_note"
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get install -y -qq --no-install-recommends $name >/dev/null 2>&1 ||
      { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $name >/dev/null; }
  elif command -v dnf >/dev/null; then
    name=golang-github-prometheus-node-exporter
    echo "$name" >"$package_note"
    $sudo dnf install -y -q $name
  elif command -v apk >/dev/null; then
    name=prometheus-node-exporter
    echo "$name" >"$package_note"
    $sudo apk add -q $name
  else
    echo "there is no node exporter here, nor a package manager that has one: set download_url and sha256" >&2
    exit 1
  fi
}

remove_package() {
  name=$(cat "$package_note")
  if command -v apt-get >/dev/null; then DEBIAN_FRONTEND=noninteractive $sudo apt-get purge -y -qq "$name" >/dev/null
  elif command -v dnf >/dev/null; then $sudo dnf remove -y -q "$name"
  elif command -v apk >/dev/null; then $sudo apk del -q "$name"
  fi
}

main() {
  case "$1" in
    install)
      if ! ours && answers; then echo "a node exporter answers at port $PORT already"; exit 0; fi
      mkdir -p "$folder" || exit 1
      if [ -z "$(program)" ] || { [ -n "$DOWNLOAD_URL" ] && ! [ -x "$own_program" ]; }; then
        if [ -n "$DOWNLOAD_URL" ]; then download
        elif [ "$INSTALL_PACKAGE" = yes ]; then add_package || exit 1
        else echo "there is no node exporter on the PATH" >&2; exit 1; fi
      fi
      echo "$(program)"
      ;;
    start)
      if ours || answers; then exit 0; fi
      mkdir -p "$folder" || exit 1
      eval "set -- $ARGUMENTS"
      nohup "$(program)" --web.listen-address="$LISTEN:$PORT" "$@" </dev/null >"$folder/log" 2>&1 &
      echo $! >"$pid_file"
      for _ in 1 2 3 4 5 6 7 8 9 10; do
        answers && exit 0
        sleep 0.5
      done
      if ! can_ask && ours; then exit 0; fi
      tail -n 5 "$folder/log" >&2
      exit 1
      ;;
    stop)
      if ours; then
        kill "$pid"
        for _ in 1 2 3 4 5 6 7 8 9 10; do
          kill -0 "$pid" 2>/dev/null || break
          sleep 0.2
        done
        kill -9 "$pid" 2>/dev/null
      fi
      rm -f "$pid_file"
      ;;
    uninstall)
      if [ -f "$package_note" ]; then remove_package || exit 1; fi
      rm -rf "$folder"
      rmdir "$HOME/.caisson" 2>/dev/null
      ;;
    check)
      if ! can_ask && ours; then exit 0; fi
      answers || { echo "no node exporter answers at port $PORT" >&2; exit 1; }
      ;;
  esac
  exit 0
}

# The script may come by standard input, of which nothing that it runs is to read.
main "$1" </dev/null
