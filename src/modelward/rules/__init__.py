"""Pure decisions: which test, which threshold, which verdict, which windows, which state. No clock and no I/O.

Where to begin, each file after what it asks:

- Drift: `comparison` holds two profiles together. It asks `schema` of columns that cannot be compared, `column` for the
  default rule (`effects` measures, `calibration` knows what the reference varies by, `shape` puts the change into
  words) and `named_test` for a test out of the `catalogue`; the answer is a `finding`. `monitor` is what may be set.
  `together` judges all columns at once and vectors, `segments` and `slices` parts of the rows, `why` ranks the causes.
- One window after another: `windows` and `seasons` divide time, `alarm` is the law by which windows become an alarm;
  `placebo`, `detectable` and `model_year` say what a monitor does without drift, and what it can see.
- Data quality: `quality`, `volume` and `constraints` find, `quality_state` is what many windows amount to.
- Performance and fairness: `performance`, `concept_drift`, `estimate_worth` and `fairness`, over `outcome_metrics`.
- Governance: `risk`, then `governance_status` under a `policy`, `lifecycle` and `deployment_gate`; `health` of a model.
- Alerts: `alert_rules` make `alert_episodes` of `alert_readings`; `incidents`, `muting` and `delivery` tell them.
"""
