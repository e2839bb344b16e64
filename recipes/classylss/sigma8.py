"""Check that CLASS computes the universe of its own default parameters."""

from classylss.binding import Background, ClassEngine, Spectra


def main():
    """Compare with what the program CLASS prints for these parameters, to a part in a hundred."""
    engine = ClassEngine({"output": "mPk", "P_k_max_h/Mpc": 5.0, "h": 0.67810, "A_s": 2.100549e-09})
    background, spectra = Background(engine), Spectra(engine)
    age, sigma8 = background.age0, spectra.sigma8
    assert abs(age - 13.77) < 0.14, f"the universe is {age} billion years old"
    assert abs(sigma8 - 0.825) < 0.009, f"sigma8 is {sigma8}"
    assert spectra.get_pk(k=0.1, z=0.0) > spectra.get_pk(k=1.0, z=0.0) > 0, "the power spectrum does not fall"


main()
