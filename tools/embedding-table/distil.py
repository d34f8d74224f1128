"""From the teacher's answers for single tokens to directions and weights, in the manner of Model2Vec."""

import numpy as np

DIMENSIONS = 256
SIF = 1e-3  # the `a` of smooth inverse frequency, a / (a + p); see docs/adr/0003-static-embedding.md
FIRST_WORD = 1996  # the teacher's ids from here on are in order of frequency; before: specials, single characters
UNKNOWN = "[UNK]"


def wanted(vocabulary):
    """The teacher's ids and the tokens that can occur in a text, in order, after [UNK], which is number 0."""

    def special(token):
        return token.startswith("[") and token.endswith("]") and len(token) > 2

    ids = [vocabulary.index(UNKNOWN)] + [n for n, token in enumerate(vocabulary) if not special(token)]
    return np.array(ids), [vocabulary[n] for n in ids]


def directions(teacher):
    """Centred, reduced to the principal components, unit length; [UNK], at 0, has none."""
    centred = teacher.astype(np.float64)
    centred -= centred[1:].mean(0)
    variance, axes = np.linalg.eigh(np.cov(centred[1:], rowvar=False))
    axes = axes[:, np.argsort(-variance)[:DIMENSIONS]]
    # An axis has no sign of its own: make its largest component positive, so that builds agree.
    axes *= np.sign(axes[np.abs(axes).argmax(0), np.arange(DIMENSIONS)])
    reduced = centred @ axes
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True)
    reduced[0] = 0
    return reduced


def rank(teacher_id, token):
    """Estimated place of a token in a list of English words by frequency, from 1."""
    if teacher_id >= FIRST_WORD:
        return teacher_id - FIRST_WORD + 1
    if len(token) > 1 or not token.isascii():
        return 3000  # letters of other scripts: they carry what meaning there is
    if token.isdigit():
        return 100
    return 30 if token.isalpha() else 3


def weights(ids, tokens):
    """Smooth inverse frequency under Zipf's law; 0 for [UNK]."""
    ranks = np.array([rank(*pair) for pair in zip(ids, tokens, strict=True)], np.float64)
    frequency = 1 / (ranks * np.log(len(tokens)))
    weights = SIF / (SIF + frequency)
    weights[0] = 0
    return weights
