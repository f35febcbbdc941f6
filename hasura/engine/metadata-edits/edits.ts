/** Every command that changes metadata, by name. */
import { actionEdits } from './actions.ts'
import { collectionEdits } from './collections.ts'
import type { Edit } from './edit.ts'
import { functionEdits } from './functions.ts'
import { nativeQueryEdits } from './native-queries.ts'
import { permissionEdits } from './permissions.ts'
import { relationshipEdits } from './relationships.ts'
import { settingEdits } from './settings.ts'
import { sourceEdits } from './sources.ts'
import { tableEdits } from './tables.ts'
import { triggerEdits } from './triggers.ts'

export const edits: Readonly<Record<string, Edit>> = {
  ...tableEdits,
  ...relationshipEdits,
  ...permissionEdits,
  ...functionEdits,
  ...sourceEdits,
  ...collectionEdits,
  ...actionEdits,
  ...triggerEdits,
  ...settingEdits,
  ...nativeQueryEdits,
}
