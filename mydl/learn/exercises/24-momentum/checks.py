"""Checks of SGD with momentum: parameters after some steps, and whose arrays change."""

import numpy as np

from mydl.learn.checks import check, compare, fail, in_place

LIBRARY = ("mydl.optim:SGD", "mydl.kernels.optim:momentum_sgd")


def right(p, grad, v, lr, momentum, decay, nesterov):
    """One step: the new p and the new v."""
    g = grad + decay * p
    v = momentum * v + g
    return p - lr * (g + momentum * v if nesterov else v), v


def uphill(p, grad, v, lr, momentum, decay, nesterov):
    q, v = right(p, grad, v, lr, momentum, decay, nesterov)
    return 2 * p - q, v


def decay_after(p, grad, v, lr, momentum, decay, nesterov):
    q, v = right(p, grad, v, lr, momentum, 0, nesterov)
    return q - lr * decay * p, v


def decay_needs_momentum(p, grad, v, lr, momentum, decay, nesterov):
    return right(p, grad, v, lr, momentum, decay if momentum else 0, nesterov)


def decay_forgotten(p, grad, v, lr, momentum, decay, nesterov):
    return right(p, grad, v, lr, momentum, 0, nesterov)


def decay_constant(p, grad, v, lr, momentum, decay, nesterov):
    return right(p, grad + decay, v, lr, momentum, 0, nesterov)


def decay_twice(p, grad, v, lr, momentum, decay, nesterov):
    return right(p, grad, v, lr, momentum, 2 * decay, nesterov)


def decay_without_lr(p, grad, v, lr, momentum, decay, nesterov):
    q, v = right(p, grad, v, lr, momentum, 0, nesterov)
    return q - decay * p, v


def decay_pushes(p, grad, v, lr, momentum, decay, nesterov):
    return right(p, grad, v, lr, momentum, -decay, nesterov)


def lr_in_velocity(p, grad, v, lr, momentum, decay, nesterov):
    g = grad + decay * p
    v = momentum * v + lr * g
    return p - (lr * g + momentum * v if nesterov else v), v


def dampened(p, grad, v, lr, momentum, decay, nesterov):
    g = grad + decay * p
    v = momentum * v + (1 - momentum) * g
    return p - lr * (g + momentum * v if nesterov else v), v


def forgetful(p, grad, v, lr, momentum, decay, nesterov):
    return right(p, grad, 0 * v, lr, momentum, decay, nesterov)


def late(p, grad, v, lr, momentum, decay, nesterov):
    return p - lr * v, right(p, grad, v, lr, momentum, decay, nesterov)[1]


def old_velocity(p, grad, v, lr, momentum, decay, nesterov):
    return right(p, grad, v, lr, momentum, decay, False)


def look_ahead_only(p, grad, v, lr, momentum, decay, nesterov):
    v = right(p, grad, v, lr, momentum, decay, False)[1]
    return p - lr * momentum * v, v


def look_ahead_from_v(p, grad, v, lr, momentum, decay, nesterov):
    v = right(p, grad, v, lr, momentum, decay, False)[1]
    return p - lr * (v + momentum * v), v


WRONG = {
    "uphill": (uphill, "the parameters go up the slope: subtract the step"),
    "dampened": (
        dampened,
        "you multiplied g by 1 - momentum. Here v is a sum, v = momentum v + g, not a mean",
    ),
    "forgetful": (
        forgetful,
        "v is zero again before each step, so that momentum does nothing: make it once, in "
        "__init__, and keep the new one",
    ),
    "late": (
        late,
        "you stepped by the v of the step before: first v = momentum v + g, then the parameter",
    ),
    "decay-forgotten": (decay_forgotten, "weight decay does nothing: g = grad + weight_decay p"),
    "decay-needs-momentum": (
        decay_needs_momentum,
        "without momentum weight decay is lost: add it before you ask for the momentum",
    ),
    "decay-after-momentum": (
        decay_after,
        "you added weight decay after the momentum. It is a part of the gradient, so it goes "
        "through v: g = grad + weight_decay p first",
    ),
    "decay-constant": (
        decay_constant,
        "you added weight_decay itself; it is weight_decay times p, which pulls large parameters "
        "harder",
    ),
    "decay-twice": (
        decay_twice,
        "the decay is twice too strong: the penalty is weight_decay / 2 times p^2, its gradient "
        "weight_decay p",
    ),
    "decay-without-lr": (
        decay_without_lr,
        "the decay is not multiplied by lr: put it into the gradient, g = grad + weight_decay p",
    ),
    "decay-pushes": (
        decay_pushes,
        "the decay pushes the parameters away from zero: g = grad + weight_decay p, with a plus",
    ),
    "lr-in-velocity": (
        lr_in_velocity,
        "you put lr into v. While lr stays, nobody sees it; when it changes, the old steps keep "
        "the old lr. Here v = momentum v + g, and lr comes in only when p is changed",
    ),
    "nesterov-is-plain": (
        old_velocity,
        "with nesterov the step is plain momentum's: g + momentum v needs the *new* v (with the "
        "old one it is just the new v)",
    ),
    "nesterov-without-g": (
        look_ahead_only,
        "with nesterov g itself is missing: the step is g + momentum v",
    ),
    "nesterov-v-for-g": (
        look_ahead_from_v,
        "with nesterov you added v to momentum v; the first summand is g",
    ),
}


def walk(rule, params, grads, lrs, *, shared=False, **options):
    """The parameters after one step of the rule for each list of gradients.

    ``shared`` lets parameters of one shape have one velocity.
    """
    options = {"momentum": 0.0, "weight_decay": 0.0, "nesterov": False, **options}
    params = [p.copy() for p in params]
    velocities = [np.zeros_like(p) for p in params]
    for step_grads, lr in zip(grads, lrs, strict=True):
        for i, grad in enumerate(step_grads):
            j = 0 if shared and grad.shape == params[0].shape else i
            params[i], velocities[j] = rule(params[i], grad, velocities[j], lr, *options.values())
    return params


def draw(seed, steps):
    """Two parameters of equal shape and one other, and gradients for some steps."""
    rng = np.random.default_rng(seed)
    shapes = [(3, 2), (3, 2), (4,)]
    return [rng.normal(size=s) for s in shapes], [
        [rng.normal(size=s) for s in shapes] for _ in range(steps)
    ]


def compare_walk(student, params, grads, lrs, **options):
    own = [p.copy() for p in params]
    optimizer = student.SGD(own, lrs[0], **options)
    for step_grads, lr in zip(grads, lrs, strict=True):
        optimizer.lr = lr
        in_place(optimizer.step)([g.copy() for g in step_grads])
    if all(np.array_equal(p, before) for p, before in zip(own, params, strict=True)):
        fail(
            "not-in-place",
            "the parameters have not changed: `p = p - ...` makes a new array, of which the "
            "network knows nothing. Change its own: `p -= ...`",
        )
    want = walk(right, params, grads, lrs, **options)
    wrong = {
        kind: (sentence, walk(rule, params, grads, lrs, **options))
        for kind, (rule, sentence) in WRONG.items()
        if options.get("weight_decay") or not kind.startswith("decay")
    }
    wrong["fixed-lr"] = (
        "the learning rate is that of the first step: read self.lr in each step, since the "
        "training loop changes it",
        walk(right, params, grads, lrs[:1] * len(lrs), **options),
    )
    wrong["shared-v"] = (
        "the parameters share one v: each has its own, np.zeros_like(p)",
        walk(right, params, grads, lrs, shared=True, **options),
    )
    for i, (p, w) in enumerate(zip(own, want, strict=True)):
        compare(
            p,
            w,
            name=f"parameter {i} after {len(grads)} steps" if len(grads) > 1 else f"parameter {i}",
            mistakes={kind: (sentence, arrays[i]) for kind, (sentence, arrays) in wrong.items()},
        )


@check("plain steps: no momentum, no decay")
def plain(student):
    params, grads = draw(0, 2)
    compare_walk(student, params, grads, [0.1, 0.1])


@check("two optimizers that do not disturb each other")
def two_optimizers(student):
    (p, q, _), steps = draw(6, 3)

    def run(with_other):
        mine, others = p.copy(), q.copy()
        first = student.SGD([mine], 0.1, momentum=0.5)
        second = student.SGD([others], 0.1, momentum=0.5)
        for step in steps:
            in_place(first.step)([step[0].copy()])
            if with_other:
                in_place(second.step)([step[1].copy()])
        return mine

    if not np.allclose(run(with_other=False), run(with_other=True)):
        fail(
            "shared",
            "two optimizers share their v: it belongs to the object (self.velocities, made in "
            "__init__), not to the class, the module or a default argument",
        )


@check("momentum: the statement's numbers, without decay")
def statement(student):
    compare_walk(student, [np.array([10.0])], [[np.array([1.0])]] * 2, [0.1] * 2, momentum=0.5)


@check("momentum over four steps, each parameter with a v of its own")
def momentum(student):
    params, grads = draw(1, 4)
    compare_walk(student, params, grads, [0.1] * 4, momentum=0.8)


@check("a learning rate that changes")
def learning_rate(student):
    params, grads = draw(2, 3)
    compare_walk(student, params, grads, [0.2, 0.05, 0.01], momentum=0.9)


@check("weight decay, without momentum and with it", points=2)
def weight_decay(student):
    params, grads = draw(3, 3)
    compare_walk(student, params, grads[:1], [0.1], weight_decay=0.3)
    compare_walk(student, params, grads, [0.1] * 3, momentum=0.7, weight_decay=0.3)


@check("Nesterov, with weight decay")
def nesterov(student):
    params, grads = draw(4, 3)
    compare_walk(student, params, grads, [0.1] * 3, momentum=0.7, nesterov=True)
    options = {"momentum": 0.7, "weight_decay": 0.2, "nesterov": True}
    compare_walk(student, params, grads, [0.1] * 3, **options)


@check("whose arrays: gradients stay, and are not kept")
def gradients(student):
    (p, *_), steps = draw(5, 3)
    for decay in (0.1, 0.0):
        own, grad = p.copy(), np.zeros_like(p)  # the network has one array for each gradient
        optimizer = student.SGD([own], 0.1, momentum=0.5, weight_decay=decay)
        for step in steps:
            grad[...] = step[0]
            in_place(optimizer.step)([grad])
            if not np.array_equal(grad, step[0]):
                fail(
                    "mutated",
                    "step changed the gradients, which belong to the network: make a new array, "
                    "g = grad + weight_decay p, and beware of += on it",
                )
        aliased = (
            "v is the network's own array of gradients, which the next backward pass fills anew. "
            "Give v an array of its own, np.zeros_like(p)"
        )
        first = [s[:1] for s in steps]
        options = {"momentum": 0.5, "weight_decay": decay}
        (want,) = walk(right, [p], first, [0.1] * 3, **options)
        (refilled,) = walk(forgetful, [p], first, [0.1] * 3, **options)
        # v is the gradients' array in the first step only: at the second it holds the new ones.
        (once,) = walk(
            right,
            [p],
            [first[0], [1.5 * first[1][0] - 0.5 * first[0][0]], first[2]],
            [0.1] * 3,
            **options,
        )
        mistakes = {"aliased": (aliased, refilled), "aliased-at-first": (aliased, once)}
        compare(own, want, name="the parameter", mistakes=mistakes)
