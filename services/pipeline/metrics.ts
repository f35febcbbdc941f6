/** What an operator watches: how many files, how fast, how they ended. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type LoadMetrics = {
  loads: Counter<'outcome'>
  seconds: Histogram<'outcome'>
  bytes: Counter
  rows: Counter<'outcome'>
  running: Gauge
}

export function createLoadMetrics(registry: Registry): LoadMetrics {
  const registers = [registry]
  return {
    loads: new Counter({
      name: 'glimmr_loads_total',
      help: 'Files by what became of them',
      labelNames: ['outcome'],
      registers,
    }),
    seconds: new Histogram({
      name: 'glimmr_load_seconds',
      help: 'Time from the start of a load to its publication',
      labelNames: ['outcome'],
      buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600],
      registers,
    }),
    bytes: new Counter({
      name: 'glimmr_load_bytes_total',
      help: 'Decompressed bytes of published files',
      registers,
    }),
    rows: new Counter({
      name: 'glimmr_load_rows_total',
      help: 'Rows of published files: loaded and rejected',
      labelNames: ['outcome'],
      registers,
    }),
    running: new Gauge({ name: 'glimmr_loads_running', help: 'Files being loaded now', registers }),
  }
}
