#!/usr/bin/env python3
"""Asks the real Prometheus how it compacts layouts of blocks, and writes its answers as a table.

    plans.py LAYOUTS TABLE --prometheus PATH --promtool PATH

For each line of LAYOUTS (see README.md) it makes the blocks with `promtool tsdb create-blocks-from openmetrics`, one
sample each, gives their meta.json the times and marks of the layout, starts `prometheus` on the folder and makes it
compact at once. What became of which blocks is read from the log. Nothing here plans by itself.
"""

import argparse, json, os, re, shutil, signal, socket, struct, subprocess, sys, tempfile, time, urllib.parse, urllib.request

ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(number):
    """Names that sort as the blocks do in the layout, all made in the same millisecond of long ago."""
    text = ""
    for _ in range(26):
        text = ULID[number % 32] + text
        number //= 32
    return text


def parse(line):
    name, ranges, blocks = line.split("\t")
    low, high = ranges.split("..")
    return name, int(low), int(high), [parse_block(block) for block in blocks.split()]


def parse_block(text):
    parts = text.split(",")
    low, high = re.fullmatch(r"(-?\d+)-(-?\d+)", parts[0]).groups()
    block = {"min": int(low), "max": int(high), "level": 1, "series": 1, "tombstones": 0, "failed": False, "hints": []}
    for part in parts[1:]:
        key, _, value = part.partition("=")
        if key == "held":
            pass  # The server here knows no such blocks.
        elif key == "failed":
            block["failed"] = True
        elif key in ("stale", "selected", "ooo"):
            block["hints"].append({"stale": "from-stale-series", "selected": "from-selected-series", "ooo": "from-out-of-order"}[key])
        else:
            block[key] = int(value)
    return block


def make_block(promtool, data, number, block, templates):
    first = max(block["min"], 0)  # promtool takes no earlier sample; such a block is emptied by its compaction
    if first not in templates:
        with tempfile.TemporaryDirectory() as work:
            text = os.path.join(work, "input.om")
            with open(text, "w") as file:
                file.write(f"up {number} {first / 1000:.3f}\n# EOF\n")
            subprocess.run([promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", text, f"{work}/out"],
                           check=True, stdout=subprocess.DEVNULL)
            (made,) = os.listdir(f"{work}/out")
            templates[first] = tempfile.mkdtemp() + "/block"
            shutil.move(f"{work}/out/{made}", templates[first])
    folder = os.path.join(data, ulid(number))
    shutil.copytree(templates[first], folder)
    path = os.path.join(folder, "meta.json")
    with open(path) as file:
        meta = json.load(file)
    meta.update(ulid=ulid(number), minTime=block["min"], maxTime=block["max"])
    meta["stats"].update(numSeries=block["series"])
    if block["tombstones"]:
        meta["stats"].update(numTombstones=block["tombstones"])
    meta["compaction"] = {"level": block["level"], "sources": [ulid(number)]}
    if block["failed"]:
        meta["compaction"]["failed"] = True
    if block["hints"]:
        meta["compaction"]["hints"] = block["hints"]
    with open(path, "w") as file:
        json.dump(meta, file)


def remote_write(url, t):
    """One sample of one series: protobuf by hand, in a snappy block that is one literal."""
    def field(number, payload):
        return bytes([number << 3 | 2, len(payload)]) + payload
    sample = b"\x09" + struct.pack("<d", 1.0) + b"\x10" + varint(t)
    body = field(1, field(1, field(1, b"__name__") + field(2, b"trigger")) + field(2, sample))
    assert len(body) < 60
    packed = bytes([len(body), (len(body) - 1) << 2]) + body
    request = urllib.request.Request(url + "/api/v1/write", packed, {
        "Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0"})
    urllib.request.urlopen(request).close()


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def wait(what, check, log, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return
        time.sleep(0.02)
    raise SystemExit(f"waited in vain for {what}:\n{open(log).read()}")


def ask(prometheus, promtool, low, high, blocks, templates):
    """The compactions that the server did on these blocks, in order: lists of block numbers."""
    work = tempfile.mkdtemp()
    data, log = f"{work}/data", f"{work}/log"
    os.mkdir(data)
    with open(f"{work}/empty.yml", "w"):
        pass
    for number, block in enumerate(blocks, 1):
        make_block(promtool, data, number, block, templates)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [prometheus, f"--config.file={work}/empty.yml", f"--storage.tsdb.path={data}", f"--web.listen-address=127.0.0.1:{port}",
         f"--storage.tsdb.min-block-duration={low}ms", f"--storage.tsdb.max-block-duration={high}ms",
         "--storage.tsdb.retention.time=100y", "--web.enable-remote-write-receiver", "--web.enable-admin-api", "--log.level=debug"],
        stdout=open(log, "w"), stderr=subprocess.STDOUT)
    try:
        wait("the server", lambda: "Server is ready" in open(log).read(), log)
        # The database looks for something to compact once a minute, or when the head is full. So a sample is written and
        # deleted again, then another one so much later that the head is full: its block is empty and is not
        # written, and the compaction of blocks follows.
        first = (max(block["max"] for block in blocks) // low + 2) * low
        remote_write(url, first)
        query = urllib.parse.urlencode({"match[]": "trigger", "start": first / 1000, "end": first / 1000})
        urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1/admin/tsdb/delete_series?{query}", method="POST")).close()
        remote_write(url, first + low + low // 2 + 1)
        def done():
            metrics = urllib.request.urlopen(url + "/metrics").read().decode()
            ended = re.search(r"^prometheus_tsdb_head_truncations_total (\d+)", metrics, re.M)
            triggered = re.search(r"^prometheus_tsdb_compactions_triggered_total (\d+)", metrics, re.M)
            # Compactions run one after another in one goroutine; the next trigger is taken when the last one ended.
            return ended and int(ended[1]) >= 1 and triggered and int(triggered[1]) >= 1
        wait("the head", done, log)
        quiet, size = time.monotonic(), -1
        while time.monotonic() - quiet < 0.6:
            if os.path.getsize(log) != size:
                quiet, size = time.monotonic(), os.path.getsize(log)
            time.sleep(0.02)
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
    steps, numbers = [], {ulid(number): number for number in range(1, len(blocks) + 1)}
    for line in open(log):
        if 'msg="compact blocks' in line:
            sources = re.search(r'sources="?\[([^\]]*)\]', line)[1].split()
            made = re.search(r" ulid=(\w+)", line)
            step = {"sources": [numbers[source] for source in sources], "made": None}
            if made:
                numbers[made[1]] = step["made"] = len(numbers) + 1
                step["min"] = int(re.search(r" mint=(-?\d+)", line)[1])
                step["max"] = int(re.search(r" maxt=(-?\d+)", line)[1])
            steps.append(step)
        elif "level=ERROR" in line:
            raise SystemExit(line)
    shutil.rmtree(work)
    return steps


def main():
    arguments = argparse.ArgumentParser()
    for name in ("layouts", "table"):
        arguments.add_argument(name)
    for name in ("prometheus", "promtool"):
        arguments.add_argument("--" + name, required=True)
    options = arguments.parse_args()
    templates = {}
    with open(options.table, "w") as table:
        for line in open(options.layouts):
            if line.startswith("#") or not line.strip():
                continue
            name, low, high, blocks = parse(line.rstrip("\n"))
            steps = ask(options.prometheus, options.promtool, low, high, blocks, templates)
            texts = []
            for step in steps:
                text = "+".join(map(str, step["sources"]))
                if step["made"]:
                    text += f">{step['made']}:{step['min']}-{step['max']}"
                texts.append(text)
            print(line.rstrip("\n"), " ".join(texts) or "none", sep="\t", file=table, flush=True)
            print(name, " ".join(texts) or "none", flush=True)


main()
