"""Writes packages/trainer/test/fixtures/metrics.json: scores and learning rates as the originals compute them.

    .venv/bin/pip install seqeval scikit-learn scipy
    .venv/bin/python make_trainer_metrics.py EVALUATE_V1_1 EVALUATE_V2_0 TRAIN_REFERENCE OUT.json

EVALUATE_*: the official SQuAD scripts (evaluate-v1.1.py, evaluate-v2.0.py of https://rajpurkar.github.io/SQuAD-explorer).
TRAIN_REFERENCE: the reference training run, for how it counts chunks.
"""
import ast, importlib.util, json, math, random, sys, warnings
warnings.filterwarnings("ignore")
import numpy as np
import torch
from scipy import stats
from seqeval.metrics import accuracy_score as seq_accuracy, classification_report
from seqeval.metrics.sequence_labeling import get_entities
from sklearn import metrics as sk
from transformers import optimization

rng = random.Random(7)
nrng = np.random.default_rng(7)


def module(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def finite(x):
    return None if isinstance(x, float) and math.isnan(x) else x


def averaged(y, p):
    out = {}
    for average in ("micro", "macro", "weighted"):
        a, b, c, _ = sk.precision_recall_fscore_support(y, p, average=average, zero_division=0)
        out[average] = dict(precision=float(a), recall=float(b), f1=float(c))
    return out


def classification():
    cases = []
    for n, classes, skill in ((1, 2, 0), (5, 2, 1), (40, 2, .7), (200, 6, .6), (300, 30, .3), (50, 3, 0)):
        y = [rng.randrange(classes) for _ in range(n)]
        p = [v if rng.random() < skill else rng.randrange(classes) for v in y]
        cases.append((y, p))
    cases += [([0, 0, 0], [0, 0, 0]), ([0, 1, 0], [1, 1, 1]), ([5, 5, 2], [2, 2, 5])]
    out = []
    for y, p in cases:
        labels = sorted(set(y) | set(p))
        each = sk.precision_recall_fscore_support(y, p, labels=labels, zero_division=0)
        out.append(dict(expected=y, predicted=p, accuracy=float(sk.accuracy_score(y, p)), matthews=float(sk.matthews_corrcoef(y, p)),
                        **averaged(y, p), labels=[[l, *[float(e[i]) for e in each]] for i, l in enumerate(labels)]))
    return out


def multi_label():
    out = []
    for rows, labels in ((1, 1), (20, 3), (100, 8)):
        logits = nrng.normal(-.3, 1, (rows, labels)).round(3)
        y = (logits + nrng.normal(0, .8, logits.shape) > 0).astype(int)
        p = (logits > 0).astype(int)
        out.append(dict(labels=labels, logits=logits.ravel().tolist(), expected=y.ravel().tolist(),
                        subsetAccuracy=float((p == y).all(1).mean()), **(averaged(y, p) if labels > 1 else {})))
        if labels > 1:
            assert out[-1]["subsetAccuracy"] == sk.accuracy_score(y, p)
    return out


def regression():
    out = []
    for kind in ("plain", "ties", "offset", "two", "constant", "one"):
        n = {"two": 2, "one": 1}.get(kind, 60)
        y = nrng.normal(0, 1, n)
        p = y * .7 + nrng.normal(0, .6, n)
        if kind == "ties": y, p = y.round(), p.round()
        if kind == "offset": y, p = y * 1e-3 + 1e6, p * 1e-3 - 1e5
        if kind == "constant": p = np.full(n, 2.5)
        out.append(dict(kind=kind, expected=y.tolist(), predicted=p.tolist(),
                        pearson=finite(float(stats.pearsonr(p, y)[0])) if n > 1 else None,
                        spearman=finite(float(stats.spearmanr(p, y)[0])) if n > 1 else None,
                        meanSquaredError=float(sk.mean_squared_error(y, p)), meanAbsoluteError=float(sk.mean_absolute_error(y, p))))
    return out


def chunks_of(path):   # the function alone: the script itself would train
    tree = ast.parse(open(path).read())
    body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "chunks"]
    scope = {}
    exec(compile(ast.Module(body, []), path, "exec"), scope)
    return scope["chunks"]


def entities(chunks):
    tags = ["O"] + [f"{a}-{b}" for a in "BIES" for b in ("PER", "LOC")] + ["B-A-B", "I-A-B", "I", "B", "X-PER", "U-LOC", "L-LOC", "."]
    bio = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
    sequences = [[], ["O"], ["I-PER"], ["B-PER", "I-LOC"], ["S-PER", "S-PER"], ["B-PER", "I-PER", "E-PER", "O", "S-LOC"]]
    sequences += [[rng.choice(tags) for _ in range(rng.randrange(1, 15))] for _ in range(150)]
    spans = [dict(tags=s, entities=[[t, a, b + 1] for t, a, b in get_entities(s)]) for s in sequences]
    chunk = []
    for s in sequences + [[rng.choice(bio) for _ in range(rng.randrange(1, 15))] for _ in range(100)]:
        chunk.append(dict(tags=s, chunks=sorted([k or "", a, b] for a, b, k in chunks(s))))
    corpora = []
    for vocabulary, skill in ((bio, .8), (bio, .2), (tags, .6), (["O"], 1)):
        truth = [[rng.choice(vocabulary) for _ in range(rng.randrange(1, 20))] for _ in range(40)]
        guess = [[t if rng.random() < skill else rng.choice(vocabulary) for t in s] for s in truth]
        corpora.append(dict(expected=truth, predicted=guess, accuracy=float(seq_accuracy(truth, guess)),
                            report={k: {a: float(b) for a, b in v.items()} for k, v in classification_report(truth, guess, output_dict=True, zero_division=0).items()}
                            if vocabulary != ["O"] else {}))
    return dict(spans=spans, chunks=chunk, corpora=corpora)


def squad(v1, v2):
    words = ["the", "a", "an", "The", "An", "theory", "cat", "Cat", "cat's", "U.S.", "10,000", "état", "éa", "a-b", "ßa", "naïve", "an_", "the9", "½", "東京", "a\u0301",
             "İstanbul", "ΣΑΣ", "the\u00a0cat", "x\u0085y", "x\u001cy", "\ufeffcat", "—the—", "“a”", "...", "!", "", " ", "\t", "A.", "an,", "²a", "aⅣ", "٣a", "𝔞a", "_the"]
    phrase = lambda: " ".join(rng.choice(words) for _ in range(rng.randrange(0, 6)))
    texts = words + [phrase() for _ in range(200)]
    for text in texts:
        assert v1.normalize_answer(text) == v2.normalize_answer(text)
    normalized = [[t, v2.normalize_answer(t)] for t in texts]

    def scored(version, count):
        questions = []
        for i in range(count):
            answers = [phrase() for _ in range(rng.randrange(1, 4))]
            if version == 2 and rng.random() < .4: answers = []
            guess = rng.choice(answers) if answers and rng.random() < .5 else phrase()
            if rng.random() < .3: guess = ""
            questions.append(dict(id=str(i), answers=answers, prediction=guess, na=round(rng.random(), 2)))
        data = [dict(paragraphs=[dict(qas=[dict(id=q["id"], answers=[dict(text=a) for a in q["answers"]]) for q in questions])])]
        return questions, data, {q["id"]: q["prediction"] for q in questions}

    questions, data, guesses = scored(1, 150)
    out = dict(normalized=normalized, v1=dict(questions=questions, scores=v1.evaluate(data, guesses)), v2=[])
    for threshold in (1.0, .5):
        questions, data, guesses = scored(2, 150)
        na = {q["id"]: q["na"] for q in questions}
        has = v2.make_qid_to_has_ans(data)
        exact, f1 = v2.get_raw_scores(data, guesses)
        e, f = (v2.apply_no_ans_threshold(s, na, has, threshold) for s in (exact, f1))
        scores = dict(v2.make_eval_dict(e, f))
        v2.merge_eval(scores, v2.make_eval_dict(e, f, [k for k in has if has[k]]), "HasAns")
        v2.merge_eval(scores, v2.make_eval_dict(e, f, [k for k in has if not has[k]]), "NoAns")
        v2.find_all_best_thresh(scores, guesses, exact, f1, na, has)
        out["v2"].append(dict(threshold=threshold, questions=questions, scores=scores))
    return out


def schedules():
    out = []
    makers = dict(linear=optimization.get_linear_schedule_with_warmup, cosine=optimization.get_cosine_schedule_with_warmup,
                  cosine_with_restarts=optimization.get_cosine_with_hard_restarts_schedule_with_warmup)
    for warmup, total in ((0, 10), (3, 20), (1, 1), (10, 5), (0, 0)):
        for name, make in makers.items():
            for cycles in {"cosine": [None, 1.25, 2], "cosine_with_restarts": [None, 3]}.get(name, [None]):
                opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.)
                factor = make(opt, warmup, total, **({} if cycles is None else dict(num_cycles=cycles))).lr_lambdas[0]
                out.append(dict(schedule=name, warmupSteps=warmup, totalSteps=total, **({} if cycles is None else dict(cycles=cycles)), rates=[factor(i) for i in range(total + 4)]))
        factor = optimization.get_constant_schedule_with_warmup(opt, warmup).lr_lambdas[0]
        out.append(dict(schedule="constant", warmupSteps=warmup, totalSteps=total, rates=[factor(i) for i in range(total + 4)]))
    return out


v1, v2, train, target = sys.argv[1:]
made = dict(classification=classification(), multiLabel=multi_label(), regression=regression(), entities=entities(chunks_of(train)),
            squad=squad(module(v1, "v1"), module(v2, "v2")), schedules=schedules())
with open(target, "w") as f:
    json.dump(made, f, separators=(",", ":"))
    f.write("\n")
