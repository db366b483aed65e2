"""Writes packages/trainer/test/fixtures/recipes.json: steps of Adafactor, learning rates and orders as the reference has them.

    .venv/bin/python make_trainer_recipes.py ../../packages/trainer/test/fixtures/recipes.json
"""
import json, sys
import torch
from transformers import optimization
from transformers.trainer_pt_utils import get_length_grouped_indices

generator = torch.Generator().manual_seed(3)


def numbers(*shape):
    return torch.randn(*shape, generator=generator)


# Adafactor: a matrix, a vector, and a stack of matrices (the depthwise convolution), as `Trainer` and as the paper use it.
ADAFACTOR = {
    "plain": dict(lr=0.01, scale_parameter=False, relative_step=False),
    "decayed": dict(lr=0.05, scale_parameter=False, relative_step=False, weight_decay=0.1, clip_threshold=0.7, decay_rate=-0.5),
    "momentum": dict(lr=0.02, scale_parameter=False, relative_step=False, beta1=0.9, eps=(1e-20, 1e-2)),
    "scaled": dict(lr=0.1, scale_parameter=True, relative_step=False),
    "relative": dict(lr=None, scale_parameter=True, relative_step=True),
    "warmup": dict(lr=None, scale_parameter=True, relative_step=True, warmup_init=True),
}
SHAPES = {"classifier.out_proj.weight": (2, 8), "classifier.dense.bias": (8,),
          "convbert.encoder.layer.0.attention.self.key_conv_attn_layer.depthwise.weight": (8, 1, 9)}
start = {name: numbers(*shape) for name, shape in SHAPES.items()}
gradients = [{name: numbers(*shape) * 10.0 ** (i - 2) for name, shape in SHAPES.items()} for i in range(6)]
steps = {}
for kind, options in ADAFACTOR.items():
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    optimizer = optimization.Adafactor(list(parameters.values()), **options)
    steps[kind] = []
    for gradient in gradients:
        for name, parameter in parameters.items():
            parameter.grad = gradient[name].clone()
        optimizer.step()
        steps[kind].append({name: parameter.detach().flatten().tolist() for name, parameter in parameters.items()})
flat = lambda tensors: {name: tensor.flatten().tolist() for name, tensor in tensors.items()}
adafactor = dict(shapes={n: list(s) for n, s in SHAPES.items()}, start=flat(start), gradients=[flat(g) for g in gradients], steps=steps)


def sgd(lr=1.0):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


schedules = []
for warmup, total in ((0, 10), (3, 20), (1, 1), (4, 4), (10, 5)):
    for options in ({}, dict(power=2.0), dict(power=0.5, lr_end=1e-3)):
        for lr in (5e-4, 0.1):
            if lr <= options.get("lr_end", 1e-7):
                continue
            factor = optimization.get_polynomial_decay_schedule_with_warmup(sgd(lr), warmup, total, **options).lr_lambdas[0]
            # Where the warm-up is the whole run the reference divides by zero at its end.
            rates = [None if warmup == total == i else factor(i) for i in range(total + 3)]
            given = dict(schedule="polynomial", warmupSteps=warmup, totalSteps=total, learningRate=lr)
            if "power" in options: given["power"] = options["power"]
            if "lr_end" in options: given["endLearningRate"] = options["lr_end"]
            schedules.append(dict(**given, rates=rates))
for warmup, timescale in ((3, None), (1, None), (5, 20), (0, 7)):
    factor = optimization.get_inverse_sqrt_schedule(sgd(), warmup, timescale).lr_lambdas[0]
    given = dict(schedule="inverse_sqrt", warmupSteps=warmup, **({} if timescale is None else dict(timescale=timescale)))
    schedules.append(dict(**given, rates=[factor(i) for i in range(40)]))

plateaus = []
for options in ({}, dict(patience=1), dict(patience=0, factor=0.5, cooldown=2), dict(patience=1, threshold=0.2, threshold_mode="abs"),
                dict(patience=0, factor=0.3, min_lr=1e-4), dict(patience=0, factor=0.1, eps=1e-5), dict(mode="max", patience=1),
                dict(mode="max", patience=0, threshold=0.05, cooldown=1)):
    scores = (numbers(30).abs() + torch.linspace(1, 0.5, 30)).tolist()
    optimizer = sgd(1e-2)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    rates = []
    for score in scores:
        schedule.step(score)
        rates.append(optimizer.param_groups[0]["lr"])
    plateaus.append(dict(options=options, learningRate=1e-2, scores=scores, rates=rates))

orders = []
for count, size in ((1, 4), (3, 4), (40, 4), (101, 2), (450, 2), (7, 3)):
    lengths = torch.randint(1, 20, (count,), generator=generator).tolist()
    order = torch.randperm(count, generator=torch.Generator().manual_seed(count)).tolist()
    grouped = get_length_grouped_indices(lengths, size, generator=torch.Generator().manual_seed(count))
    orders.append(dict(lengths=lengths, batchSize=size, order=order, grouped=grouped))

with open(sys.argv[1], "w") as file:
    json.dump(dict(adafactor=adafactor, schedules=schedules, plateaus=plateaus, orders=orders), file, separators=(",", ":"))
    file.write("\n")
