/** Commands of Hasura's that this server refuses, each with what it has not. README.md has the same list. */
import { RequestError } from '../errors.ts'
import { isObject } from './arguments.ts'

const ofTheEdition = 'is of the Enterprise edition and not supported by this server'

const reasons: Readonly<Record<string, string>> = {
  set_query_tags: `the tagging of SQL ${ofTheEdition}`,
  set_opentelemetry_config:
    'the export of traces is configured where the server is started, not by metadata; this command is not supported',
  set_opentelemetry_status:
    'the export of traces is configured where the server is started, not by metadata; this command is not supported',
  set_metrics_config: `the analysis of variables and answers ${ofTheEdition}`,
  remove_metrics_config: `the analysis of variables and answers ${ofTheEdition}`,
  test_connection_template: `the choice of a connection by template ${ofTheEdition}`,
  dc_add_agent: 'data connectors are not supported by this server',
  dc_delete_agent: 'data connectors are not supported by this server',
  get_source_kind_capabilities:
    'only data connectors have capabilities, and none are supported by this server',
  get_table_info: 'only data connectors tell of single tables, and none are supported by this server',
  get_source_trackables:
    'only data connectors tell what can be tracked, and none are supported by this server',
  get_stored_procedure: 'stored procedures are of SQL Server; use functions',
  track_stored_procedure: 'stored procedures are of SQL Server; use functions',
  untrack_stored_procedure: 'stored procedures are of SQL Server; use functions',
  get_native_query: 'native queries and logical models are not supported by this server',
  get_logical_model: 'native queries and logical models are not supported by this server',
}

/** Where nobody runs them. */
const eventCommands =
  /^(invoke_event_trigger|redeliver_event|cleanup_event_trigger_logs|get_event_(logs|invocation_logs|by_id)|get_cron_triggers|(create|delete|get)_scheduled_events?|get_scheduled_event_invocations)$/
const rowCommands = ['insert', 'update', 'delete', 'count']
const otherDatabases = /^(mssql|bigquery|citus|cockroach|dataconnector|mysql|snowflake)_/
const remoteSchemas = /remote_schema/

export function refusedCommand(name: string, args: unknown): RequestError {
  const refused = (reason: string) => new RequestError('not-supported', '$.args', reason)
  const reason = Object.hasOwn(reasons, name) ? reasons[name] : undefined
  if (reason !== undefined) return refused(reason)
  if (eventCommands.test(name))
    return refused('event, cron and scheduled triggers are not run by this server')
  if (rowCommands.includes(name))
    return refused(`the command ${name} on rows is not supported by this server; use GraphQL`)
  if (remoteSchemas.test(name)) {
    if (isObject(args) && args.name === '')
      return new RequestError('parse-failed', '$.name', 'empty string not allowed')
    return refused('remote schemas are not supported by this server')
  }
  if (otherDatabases.test(name)) return refused('this server has sources of kind postgres only')
  return new RequestError('parse-failed', '$.type', `unknown metadata command ${JSON.stringify(name)}`)
}
