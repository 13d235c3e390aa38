from dataclasses import dataclass
from pathlib import Path

from dltrain.config.kinds import OptimizerKind, add_choices, register
from dltrain.config.knob import knob


@dataclass(frozen=True)
class SignsConfig:
    kind: str = knob("which optimizer this is; chosen with optimizer=")
    lr: float = knob("length of a step", ge=0, stacks=True)  # may differ within a stack


class Signs:
    follows_gradient, capturable, plain_descent = True, True, False

    def __init__(self, model, *, lr):  # lr: a list, one for each of M members
        self.parameters = model.parameters  # [M, ...] each
        self.lr = model.parameters[0].double().new_tensor(lr)

    def step(self, gradients):
        for p, gradient in zip(self.parameters, gradients, strict=True):
            p.sub_(self.lr.to(p).view(-1, *[1] * (p.dim() - 1)) * gradient.sign())

    def state(self):
        return {}  # [M, ...] by name: what it remembers from step to step


register("signs", OptimizerKind(SignsConfig, Signs))
add_choices(Path(__file__).with_name("choices"))
