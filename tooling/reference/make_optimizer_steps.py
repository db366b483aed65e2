"""Steps of torch.optim on one small tensor, which the trainer's optimizers must repeat.

    python make_optimizer_steps.py ../../packages/trainer/test/fixtures/optimizer-steps.json
"""

import json
import sys

import torch

KINDS = {
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
}
generator = torch.Generator().manual_seed(5)
start = torch.randn(2, 8, generator=generator)
gradients = [torch.randn(2, 8, generator=generator) for _ in range(5)]
steps = {}
for name, make in KINDS.items():
    parameter = torch.nn.Parameter(start.clone())
    optimizer = make([parameter])
    steps[name] = []
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
        steps[name].append(parameter.detach().flatten().tolist())
result = {"start": start.flatten().tolist(), "gradients": [g.flatten().tolist() for g in gradients], "steps": steps}
with open(sys.argv[1], "w") as file:
    json.dump(result, file)
    file.write("\n")
