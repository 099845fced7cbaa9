"""The learner's side: a stand-alone folder (standard library, numpy, torch) that runs a submission and answers calls."""
