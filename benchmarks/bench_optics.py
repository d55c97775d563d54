"""The numbers of the lecture's three-photon microscope."""

from course_lib.optics import effective_attenuation_length, pulse_energy

from .report import Row


def benchmarks():
    energies = [pulse_energy(power, 326) for power in (1.1, 75)]
    yield Row.value(
        "pulse energies of the lecture, nJ",
        " and ".join(f"{energy:.1f}" for energy in energies),
        "3.4 and 230",
        f"attenuation length {effective_attenuation_length(3.4, 230, 1200):.0f} µm",
    )
