"""Draw a slide that looks like H&E: two maps of stain, turned into colour by Beer and Lambert's law.

Tissue of irregular outline lies on near-white glass. Smooth noise deals it into tumour and stroma, and one blob is rich
in lymphocytes; the true region map is kept, so that attention can be checked against it. Haematoxylin and eosin are
drawn as optical densities; haematoxylin's colour is that of Ruifrok and Johnston (2001), eosin's is warmer than theirs,
which reads as magenta on a screen.
"""

from __future__ import annotations

import cv2
import numpy as np

from survdash.simulation.patients import SlideParameters

SLIDE_PX = 1536  # six tiles of 256 px a side
MPP = 0.5
TILE_PX = 256
REGION_PX = 8  # one pixel of the region map covers 8 x 8 pixels of the slide
GLASS, TUMOUR, STROMA, IMMUNE = 0, 1, 2, 3
SLIDE_STREAM = 2  # beside the streams in patients.py

TISSUE_RADIUS = 0.37  # of the slide's side: 16 to 20 tiles then hold tissue
IMMUNE_RADIUS = (0.11, 0.15)  # of the slide's side: about a seventh of the tissue
IMMUNE_DENSITY = 4.0  # lymphocytes in the immune-rich region, against those elsewhere
LYMPHOCYTE_RADIUS_PX = 3.6
FIBROBLASTS_PER_TILE = 14.0
REGION_SMOOTHING = {"nests": (9.0, 9.0), "sheets": (16.0, 16.0), "cords": (5.0, 15.0)}  # of the noise, in map pixels

# Optical density of one unit of stain in red, green, blue.
HAEMATOXYLIN_RGB = np.array([0.65, 0.70, 0.29], dtype=np.float32)
EOSIN_RGB = np.array([0.10, 0.93, 0.36], dtype=np.float32)
HUE_TURN = np.array([0.05, 0.0, -0.05], dtype=np.float32)  # towards blue or purple, from scanner to scanner
GLASS_VALUE = 244.0
SUB = 3  # cv2 takes coordinates in eighths of a pixel with this shift


def draw_regions(parameters: SlideParameters, *, seed: int) -> np.ndarray:
    """The truth about a slide: which region each place belongs to.

    Parameters
    ----------
    parameters : SlideParameters
    seed : int
        The cohort's seed.

    Returns
    -------
    ndarray, shape (192, 192)
        uint8, one of GLASS, TUMOUR, STROMA, IMMUNE per ``REGION_PX`` pixels.
    """
    return _lay_regions(parameters, _stream(parameters, seed, 0))


def draw_slide(parameters: SlideParameters, *, seed: int) -> np.ndarray:
    """The whole slide at 0.5 um per pixel.

    Parameters
    ----------
    parameters : SlideParameters
    seed : int
        The cohort's seed; the same seed and parameters give the same bytes on one machine.

    Returns
    -------
    ndarray, shape (1536, 1536, 3)
        uint8 RGB.
    """
    regions = draw_regions(parameters, seed=seed)
    random = _stream(parameters, seed, 1)
    fibres, direction = _fibres(random)
    haematoxylin, eosin = _paint_ground(regions, fibres, random=random)
    _paint_spindles(haematoxylin, regions, direction=direction, random=random)
    _paint_cells(haematoxylin, eosin, regions=regions, parameters=parameters, random=random)
    return _stain(haematoxylin, eosin, parameters=parameters, random=random)


def _stream(parameters: SlideParameters, seed: int, part: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(SLIDE_STREAM, parameters.number, part)))


def _smooth_noise(size: int, sigma: tuple[float, float], random: np.random.Generator) -> np.ndarray:
    """Noise of mean 0 and variance 1 that is smooth over ``sigma`` (across, down) pixels."""
    noise = cv2.GaussianBlur(random.standard_normal((size, size), dtype=np.float32), (0, 0), sigma[0], sigmaY=sigma[1])
    return np.asarray((noise - noise.mean()) / noise.std())


def _lay_regions(parameters: SlideParameters, random: np.random.Generator) -> np.ndarray:
    size = SLIDE_PX // REGION_PX
    rows, columns = np.mgrid[:size, :size].astype(np.float32) / size - 0.5
    angle, distance = np.arctan2(rows, columns), np.hypot(rows, columns)
    outline = np.ones_like(distance)
    for wave in range(2, 7):  # a lobed outline: low waves large, high waves small
        outline += 0.22 / wave * random.uniform(-1, 1) * np.cos(wave * angle + random.uniform(0, 2 * np.pi))
    ragged = 0.015 * _smooth_noise(size, (2.0, 2.0), random)
    tissue = distance < TISSUE_RADIUS * outline / np.sqrt((outline**2).mean()) + ragged
    noise = _smooth_noise(size, REGION_SMOOTHING[parameters.layout], random)
    turn, reach = random.uniform(0, 2 * np.pi), random.uniform(0.05, 0.2)
    blob = np.hypot(rows - reach * np.sin(turn), columns - reach * np.cos(turn))
    immune = tissue & (blob < random.uniform(*IMMUNE_RADIUS) + 0.012 * _smooth_noise(size, (3.0, 3.0), random))
    regions = np.full((size, size), GLASS, dtype=np.uint8)
    rest = tissue & ~immune
    regions[rest] = np.where(noise[rest] < np.quantile(noise[rest], parameters.stroma_share), STROMA, TUMOUR)
    regions[immune] = IMMUNE
    return regions


def _share(regions: np.ndarray, region: int, *, blur_px: float) -> np.ndarray:
    """How much of each slide pixel belongs to ``region``, with a soft border, float32 in 0..1."""
    mask = cv2.resize((regions == region).astype(np.float32), (SLIDE_PX, SLIDE_PX), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur_px))


def _paint_ground(
    regions: np.ndarray, fibres: np.ndarray, *, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Haematoxylin and eosin of cytoplasm, fibres and the loose ground of the immune region."""
    half = SLIDE_PX // 2  # textures are drawn at half size: nobody sees the difference, and it is four times faster
    cloudy = _enlarge(_smooth_noise(half, (6.0, 6.0), random))
    grain = _enlarge(_smooth_noise(half, (1.2, 1.2), random))
    tumour, stroma, immune = (_share(regions, region, blur_px=3.0) for region in (TUMOUR, STROMA, IMMUNE))
    eosin = tumour * (0.30 + 0.05 * cloudy + 0.03 * grain)
    eosin += stroma * np.clip(0.36 + 0.12 * fibres + 0.05 * cloudy, 0.03, None)
    eosin += immune * np.clip(0.20 + 0.04 * cloudy + 0.04 * grain, 0.03, None)
    haematoxylin = tumour * (0.13 + 0.03 * cloudy + 0.02 * grain)
    haematoxylin += stroma * np.clip(0.04 + 0.03 * fibres, 0, None) + immune * (0.08 + 0.02 * grain)
    return haematoxylin, eosin


def _enlarge(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.resize(image, (SLIDE_PX, SLIDE_PX), interpolation=cv2.INTER_LINEAR))


def _fibres(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Wavy collagen: noise stretched along one direction and bent by a smooth field; and its direction in degrees."""
    half = SLIDE_PX // 2
    strands = 0.6 * _smooth_noise(half, (16.0, 1.4), random) + 0.8 * _smooth_noise(half, (9.0, 0.7), random)
    rows, columns = np.mgrid[:half, :half].astype(np.float32)
    bend = 22.0 * _smooth_noise(half, (45.0, 45.0), random)
    angle = random.uniform(0, np.pi)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    along = (columns * cosine + rows * sine).astype(np.float32)
    across = (rows * cosine - columns * sine + bend).astype(np.float32)
    bend_down, bend_right = np.gradient(bend)
    direction = np.degrees(np.arctan2(sine - bend_right, cosine + bend_down))  # where `across` stays the same
    return _enlarge(cv2.remap(strands, along, across, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)), direction


def _scatter(per_tile: float, random: np.random.Generator, *, jitter: float) -> np.ndarray:
    """Points (K, 2) at this density over the whole slide: a grid shaken by ``jitter`` of its spacing."""
    if per_tile <= 0:
        return np.zeros((0, 2))
    spacing = TILE_PX / np.sqrt(per_tile)
    rows, columns = np.mgrid[0 : SLIDE_PX + spacing : spacing, 0 : SLIDE_PX + spacing : spacing]
    columns = columns + (np.arange(len(rows)) % 2)[:, None] * spacing / 2  # cells pack like bricks
    points = np.column_stack([columns.ravel(), rows.ravel()])
    return np.asarray(points + random.normal(0.0, jitter * spacing, points.shape))


def _keep(points: np.ndarray, regions: np.ndarray, wanted: tuple[int, ...]) -> np.ndarray:
    """The points that lie in a wanted region."""
    cell = (points // REGION_PX).astype(int)
    inside = ((cell >= 0) & (cell < len(regions))).all(axis=1)
    points, cell = points[inside], cell[inside]
    return np.asarray(points[np.isin(regions[cell[:, 1], cell[:, 0]], wanted)])


def _paint_spindles(
    haematoxylin: np.ndarray, regions: np.ndarray, *, direction: np.ndarray, random: np.random.Generator
) -> None:
    """Add fibroblasts: thin nuclei that lie along the fibres, in place."""
    for x, y in _keep(_scatter(FIBROBLASTS_PER_TILE, random, jitter=0.5), regions, (STROMA,)):
        axes = (random.uniform(7, 12), random.uniform(1.5, 2.5))
        angle = float(direction[int(y) // 2, int(x) // 2]) + random.normal(0.0, 6.0)
        _ellipse(haematoxylin, (x, y), axes, angle=angle, value=random.uniform(0.5, 0.8))


def _paint_cells(
    haematoxylin: np.ndarray,
    eosin: np.ndarray,
    *,
    regions: np.ndarray,
    parameters: SlideParameters,
    random: np.random.Generator,
) -> None:
    """Add tumour nuclei and lymphocytes, in place."""
    nuclei = _keep(_scatter(parameters.nuclei_per_tile, random, jitter=0.22), regions, (TUMOUR,))
    for x, y in nuclei:
        _tumour_nucleus(haematoxylin, eosin, (x, y), parameters=parameters, random=random)
    crowd, rest = _lymphocyte_densities(regions, parameters)
    for density, wanted in ((crowd, (IMMUNE,)), (rest, (TUMOUR, STROMA))):
        for x, y in _keep(_scatter(density, random, jitter=0.4), regions, wanted):
            radius = LYMPHOCYTE_RADIUS_PX * random.uniform(0.85, 1.15)
            axes = (radius, radius * random.uniform(0.85, 1.0))
            _ellipse(haematoxylin, (x, y), axes, angle=0, value=random.uniform(1.1, 1.4))


def _lymphocyte_densities(regions: np.ndarray, parameters: SlideParameters) -> tuple[float, float]:
    """Per tile in the immune-rich region and elsewhere, so that the mean over the tissue is as asked."""
    immune = float((regions == IMMUNE).sum() / max((regions != GLASS).sum(), 1))
    rest = parameters.lymphocytes_per_tile / (1.0 + (IMMUNE_DENSITY - 1.0) * immune)
    return IMMUNE_DENSITY * rest, rest


def _tumour_nucleus(
    haematoxylin: np.ndarray,
    eosin: np.ndarray,
    centre: tuple[float, float],
    *,
    parameters: SlideParameters,
    random: np.random.Generator,
) -> None:
    """One nucleus: body, darker rim, one or two nucleoli; hyperchromatic the more pleomorphic the tumour."""
    spread = parameters.pleomorphism
    radius = float(np.clip(parameters.nuclear_radius_px * np.exp(random.normal(0.0, spread)), 2.5, 22.0))
    stretch = float(np.exp(random.uniform(0.0, 0.3 + 0.5 * spread)))
    axes = (radius * np.sqrt(stretch), radius / np.sqrt(stretch))
    angle = random.uniform(0, 180)
    depth = float(np.clip(random.normal(0.55, 0.05 + 0.22 * spread), 0.3, 1.1))
    _ellipse(eosin, centre, axes, angle=angle, value=0.12)
    _ellipse(haematoxylin, centre, axes, angle=angle, value=depth)
    _ellipse(haematoxylin, centre, axes, angle=angle, value=depth + 0.28, rim=True)
    for _ in range(int(random.integers(1, 3))):
        offset = random.normal(0.0, 0.28 * radius, 2)
        spot = max(0.17 * radius, 0.8)
        place = (centre[0] + offset[0], centre[1] + offset[1])
        _ellipse(haematoxylin, place, (spot, spot), angle=0, value=depth + 0.35)


def _ellipse(
    image: np.ndarray,
    centre: tuple[float, float],
    axes: tuple[float, float],
    *,
    angle: float,
    value: float,
    rim: bool = False,
) -> None:
    scale = 1 << SUB
    cv2.ellipse(
        image,
        (round(centre[0] * scale), round(centre[1] * scale)),
        (round(axes[0] * scale), round(axes[1] * scale)),
        angle, 0.0, 360.0, value, 1 if rim else -1, cv2.LINE_8, SUB,
    )


def _stain(
    haematoxylin: np.ndarray, eosin: np.ndarray, *, parameters: SlideParameters, random: np.random.Generator
) -> np.ndarray:
    """Optical densities to RGB, with the blur of a lens, chromatin's grain and the camera's noise."""
    grain = random.standard_normal(haematoxylin.shape, dtype=np.float32)
    chromatin = cv2.GaussianBlur(grain, (0, 0), 1.1)  # standard deviation about 0.26
    haematoxylin = cv2.GaussianBlur(haematoxylin * (1.0 + 0.45 * chromatin), (0, 0), 0.8) * parameters.haematoxylin
    eosin = cv2.GaussianBlur(eosin, (0, 0), 0.8) * parameters.eosin
    blue = HAEMATOXYLIN_RGB + parameters.hue * HUE_TURN
    pink = EOSIN_RGB + parameters.hue * HUE_TURN
    image = np.empty((*haematoxylin.shape, 3), dtype=np.uint8)
    for channel in range(3):
        density = haematoxylin * blue[channel] + eosin * pink[channel]
        value = GLASS_VALUE * np.exp(-np.float32(1.5) * density) + 1.2 * grain
        image[..., channel] = np.clip(value, 0, 255).astype(np.uint8)
    return image
