"""The program of one server: llama.cpp's own, in a process of its own, that ends with its standard input.

Started as `python -m pier_tui.models.local.serve`. The first line of its input says what to serve, as JSON; it
answers with `ready URL` in a line. Whatever way its parent ends, the input ends with it, and so does this.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

READY = "ready "


def main() -> None:
    """Serve until the input ends."""
    wanted = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    # Threads that wait for work must not spin: on a busy machine that is ten times slower. Read when it is imported.
    os.environ |= {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
    import xllamacpp

    server = xllamacpp.Server(_parameters(xllamacpp, wanted))
    sys.stdout.write(f"{READY}{server.listening_address}\n")
    sys.stdout.flush()
    threading.Event().wait()


def _parameters(xllamacpp: Any, wanted: dict[str, Any]) -> Any:
    """The server's settings. `slots` prompts are kept at once, each of `window` tokens."""
    params = xllamacpp.CommonParams()
    params.model.path = wanted["path"]
    params.model_alias = {wanted["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [wanted["key"]]
    params.n_parallel = wanted["slots"]
    params.n_ctx = wanted["window"] * wanted["slots"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = wanted["threads"]
    params.endpoint_slots = True
    params.use_jinja = True
    params.ui = False
    # Prompts put away in memory, gigabytes of them by default: a slot of its own per model does without.
    params.cache_ram_mib = 0
    if wanted["guess"]:
        kinds = xllamacpp.common_speculative_type
        params.speculative.types = [kinds.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
        params.speculative.ngram_simple.size_n, params.speculative.ngram_simple.size_m = wanted["guess"]
    return params


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
