// A save that found the document changed (412): both versions side by side, and the choice of one, or of going on with one's own on top of the other.
import { Button } from '../parts/controls.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { moment } from '../parts/format.ts';
import { sideBySide } from './diff.ts';
import { type Doc, ownOf, pretty } from './document.ts';

export interface ConflictProps {
  /** What was typed. */
  readonly mine: string;
  /** As it stands now; undefined where it was deleted. */
  readonly theirs: Doc | undefined;
  readonly onTheirs: () => void;
  /** Saves mine in the place of theirs. */
  readonly onMine: () => void;
  /** Goes on typing, on top of theirs. */
  readonly onClose: () => void;
}

export const Conflict = ({ mine, theirs, onTheirs, onMine, onClose }: ConflictProps) => {
  const pairs = sideBySide(mine, theirs === undefined ? '' : pretty(ownOf(theirs)));
  return (
    <Dialog title={theirs === undefined ? 'Deleted elsewhere' : 'Changed elsewhere'} onClose={onClose} wide>
      <div class="dialog-body">
        <p class="muted">
          {theirs === undefined
            ? 'Somebody deleted this document after you opened it. Yours was not saved.'
            : `Somebody saved version ${theirs.version} at ${moment(theirs.updatedAt)}, after you opened this document. Yours was not saved.`}
        </p>
        <table class="versions" aria-label="Both versions">
          <thead>
            <tr>
              <th scope="col">Yours</th>
              <th scope="col">{theirs === undefined ? 'Nothing there' : `Theirs, version ${theirs.version}`}</th>
            </tr>
          </thead>
          <tbody>
            {pairs.map(({ left, right, same }, index) => (
              <tr class={same ? '' : 'differs'} key={`${index} ${left} ${right}`}>
                <td class={left === undefined ? 'absent' : ''}>{left}</td>
                <td class={right === undefined ? 'absent' : ''}>{right}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="dialog-foot">
        <Button onClick={onTheirs}>{theirs === undefined ? 'Leave it deleted' : 'Take theirs'}</Button>
        {theirs !== undefined && <Button onClick={onClose}>Go on editing mine</Button>}
        {theirs !== undefined && (
          <Button kind="danger" onClick={onMine}>
            Replace theirs with mine
          </Button>
        )}
      </div>
    </Dialog>
  );
};
