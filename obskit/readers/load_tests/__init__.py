"""Results of load tests: JMeter, k6 and vegeta. Each request is an event of kind client."""
